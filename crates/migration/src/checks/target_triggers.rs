//! Triggers of the target: they do not fire during replay.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "target-triggers",
    Place::Target,
    "Are there no triggers on the target?",
    "select 'info', format('trigger %I on table %s', t.tgname, rel.name),
       'does not fire for replayed rows: what it does besides has to come from the source as well', ''
  from pg_trigger t join rel on rel.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
  join pg_namespace n on n.oid = p.pronamespace
 where not t.tgisinternal and t.tgenabled = 'O' and not rel.relispartition
   and n.nspname not in (select schema from ours)
 order by rel.name, t.tgname",
);
