//! Sessions of others on the target: rows that they write meet those of the replay.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "other-writers",
    Place::Target,
    "Is nobody else connected to the target?",
    "select 'info', format('%s sessions of role %s', count(*), usename),
       'are connected to the target: rows that others write there meet those of the source',
       'select * from pg_stat_activity where datname = current_database()'
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
   and coalesce(application_name, '') !~ 'londiste' group by usename order by 2",
);
