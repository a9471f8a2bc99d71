//! Standby: a server that takes no writes.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "standby",
    Place::Both,
    "Do both servers take writes?",
    "select 'blocker', 'server', 'is a standby: nothing can be captured from it or written to it',
       'name the primary in the connect string, or add target_session_attrs=primary'
 where pg_is_in_recovery()",
);
