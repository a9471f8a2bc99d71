//! Remains of other replication: schemas and capture triggers.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "remains",
    Place::Both,
    "Is nothing left of other replication?",
    "select case when n.nspname in (select schema from ours) then 'info' else 'warning' end, 'schema '
      || quote_ident(n.nspname),
       case when n.nspname in (select schema from ours)
                then 'is there already: in use, or left of an earlier replication'
            else 'belongs to another replication: its triggers make every write slower' end,
       case when n.nspname in (select schema from ours)
                then 'where it is not in use: drop-node for its queues, then docs/migration.md, Clean up'
            else 'remove it with the tool that it belongs to' end
  from pg_namespace n
 where n.nspname in (select schema from ours) or n.nspname = 'bucardo'
    or n.nspname ~ '^_' and exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'sl_node')
union all
select 'warning', format('trigger %I on table %s', t.tgname, rel.name),
       format('captures changes with %I.%I', n.nspname, p.proname), format('drop trigger %I on %s', t.tgname,
         rel.name)
  from pg_trigger t join rel on rel.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
  join pg_namespace n on n.oid = p.pronamespace
 where not t.tgisinternal and n.nspname not in (select schema from ours)
   and (n.nspname = 'bucardo' or p.proname in ('logtriga', 'logutriga', 'sqltriga', 'logtrigger', 'jsontriga'))",
);
