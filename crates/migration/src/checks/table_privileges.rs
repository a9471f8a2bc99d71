//! SELECT and TRIGGER on the tables.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "table-privileges",
    Place::Source,
    "May the role read all tables and put triggers on them?",
    "select 'blocker', 'table ' || name, format('role %I lacks %s on it', current_user, p.lacks),
       format('grant %s on %s to %I', lower(p.lacks), name, current_user)
  from rel cross join lateral (
       select concat_ws(', ', case when not has_table_privilege(rel.oid, 'select') then 'SELECT' end,
                              case when not has_table_privilege(rel.oid, 'trigger') then 'TRIGGER' end) as lacks) p
 where relkind in ('r', 'p') and p.lacks <> '' order by name",
);
