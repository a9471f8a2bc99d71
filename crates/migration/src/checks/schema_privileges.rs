//! USAGE on the schemas of the application.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "schema-privileges",
    Place::Source,
    "May the role use all schemas?",
    "select distinct 'blocker', 'schema ' || quote_ident(nspname), format('role %I lacks USAGE on it', current_user),
       format('grant usage on schema %I to %I', nspname, current_user)
  from rel where relkind in ('r', 'p', 'S') and not has_schema_privilege(relnamespace, 'usage')",
);
