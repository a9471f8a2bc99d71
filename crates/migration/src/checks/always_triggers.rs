//! Triggers ENABLE ALWAYS or REPLICA: they fire during replay.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "always-triggers",
    Place::Both,
    "Does no trigger fire during replay?",
    "select 'warning', format('trigger %I on table %s', t.tgname, rel.name),
       case t.tgenabled when 'A' then 'is enabled always: on a target it fires for each replayed row as well'
                        else 'is enabled for replicas: it fires for replayed rows and for no others' end,
       format('alter table %s enable trigger %I', rel.name, t.tgname)
  from pg_trigger t join rel on rel.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
  join pg_namespace n on n.oid = p.pronamespace
 where not t.tgisinternal and t.tgenabled in ('A', 'R') and n.nspname not in (select schema from ours)
 order by rel.name, t.tgname",
);
