//! Ownership of the targets tables: they are emptied, and their indexes and triggers changed.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "ownership",
    Place::Target,
    "Does the role own the tables of the target?",
    "select 'blocker', 'table ' || name, format('belongs to role %I, of which %I is no member',
      pg_get_userbyid(relowner), current_user),
       format('alter table %s owner to %I', name, current_user)
  from rel where relkind in ('r', 'p') and not pg_has_role(relowner, 'usage') order by name",
);
