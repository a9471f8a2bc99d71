//! Subscriptions of logical replication: they write rows beside the replay.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "subscriptions",
    Place::Target,
    "Does no subscription write to the target?",
    "select 'warning', 'subscription ' || quote_ident(subname),
       case when subenabled then 'is enabled' else 'is disabled' end
         || ': rows that it writes meet those of the replay',
       format('alter subscription %I disable; alter subscription %I set (slot_name = none); drop subscription %I',
         subname, subname, subname)
  from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())",
);
