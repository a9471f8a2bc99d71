//! Row security: rows that the role does not see are not copied.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "row-security",
    Place::Source,
    "Does the role see all rows?",
    "select 'blocker', 'table ' || name, 'hides rows by row security from role ' || current_user,
       case when pg_has_role(relowner, 'usage') then format('alter table %s no force row level security', name)
            else format('run as role %I, its owner', pg_get_userbyid(relowner)) end
  from rel where relkind in ('r', 'p') and row_security_active(oid) order by name",
);
