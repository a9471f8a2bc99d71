//! Rules on tables: they make other statements of those that the application or the replay sends.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "rules",
    Place::Both,
    "Are there no rules on tables?",
    "select case when w.is_instead then 'warning' else 'info' end, format('rule %I on table %s', w.rulename,
      rel.name),
       case when w.is_instead then 'does something else instead: rows may be swallowed'
         else 'does something besides' end,
       format('drop rule %I on %s', w.rulename, rel.name)
  from (select rulename, ev_class, ev_enabled, is_instead from pg_rewrite) w
  join rel on rel.oid = w.ev_class
 where rel.relkind in ('r', 'p') and w.ev_enabled <> 'D'
 order by rel.name, w.rulename",
);
