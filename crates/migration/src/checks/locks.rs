//! Lock table of the servers: room for a lock on every table at once.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "locks",
    Place::Both,
    "Is there room for a lock on each table?",
    ", room as (
  select (select setting::bigint from pg_settings where name = 'max_locks_per_transaction') *
         (select sum(setting::bigint) from pg_settings where name in ('max_connections',
           'max_prepared_transactions')) as locks,
         (select count(*) from rel where relkind in ('r', 'p')) as tables)
select 'warning', 'setting max_locks_per_transaction',
       format('the lock table has room for %s locks, and there are %s tables and partitions, each with indexes: '
              'pg_dump, and statements on large partitioned tables, may end with \"out of shared memory\"', locks,
                tables),
       'raise max_locks_per_transaction, and restart the server'
  from room where tables * 2 > locks",
);
