//! Autovacuum against wraparound: it does not give way to a lock that add-table waits for.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "wraparound",
    Place::Source,
    "Is no table due for a VACUUM against wraparound?",
    ", due as (
  select rel.name, rel.oid, greatest(
           age(rel.relfrozenxid) / (select setting::numeric from pg_settings where name = 'autovacuum_freeze_max_age'),
           mxid_age(rel.relminmxid) / (select setting::numeric from pg_settings
                                        where name = 'autovacuum_multixact_freeze_max_age')) as part
    from rel where relkind in ('r', 'm') and rel.relfrozenxid <> '0')
select 'warning', 'table ' || due.name,
       case when l.pid is not null
            then format('is due against wraparound (%s %% of the limit), and process %s holds it as VACUUM \
                         does: that gives way to no lock of ours',
                        round(due.part * 100), l.pid)
            else format('is due for a VACUUM against wraparound (%s %% of the limit): once it runs, it gives \
                         way to no lock of ours',
                        round(due.part * 100)) end,
       case when l.pid is not null then 'wait for it, or add this table later'
            else format('vacuum (freeze) %s', due.name) end
  from due left join lateral (
       select k.pid from pg_locks k
        where k.locktype = 'relation' and k.relation = due.oid and k.mode = 'ShareUpdateExclusiveLock' and k.granted
          and k.database = (select b.oid from pg_database b where b.datname = current_database()) limit 1) l on true
 where due.part >= 0.9 order by due.part desc, due.name",
);
