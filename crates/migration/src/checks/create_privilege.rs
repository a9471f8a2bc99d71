//! CREATE on the databases: the schemas of the queue are made there.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "create-privilege",
    Place::Both,
    "May the role create schemas?",
    "select 'blocker', 'role ' || current_user, 'may not create schemas in database ' || current_database(),
       format('grant create on database %I to %I', current_database(), current_user)
 where not has_database_privilege(current_database(), 'create')",
);
