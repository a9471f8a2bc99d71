//! Long and idle transactions: whoever needs a lock of their tables waits for them.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "long-transactions",
    Place::Source,
    "Are there no long or idle transactions?",
    "select 'warning', format('session %s of %s', pid, usename),
       format('%s, its transaction began %s ago (%s): \
               whoever needs a lock of its tables waits, and others behind him', state,
              date_trunc('second', clock_timestamp() - xact_start), coalesce(nullif(application_name, ''),
                'no application_name')),
       format('select pg_terminate_backend(%s)', pid)
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
   and (xact_start < clock_timestamp() - interval '1 minute'
        or state like 'idle in transaction%' and state_change < clock_timestamp() - interval '5 seconds')
union all
select 'info', format('%s sessions of other roles', count(*)), 'are not shown to role ' || current_user
  || ': how long their transactions are is not known',
       format('grant pg_read_all_stats to %I', current_user)
  from pg_stat_activity
 where datname = current_database() and query = '<insufficient privilege>'
   and usesysid is not null having count(*) > 0",
);
