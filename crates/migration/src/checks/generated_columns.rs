//! Generated columns: each side computes its own.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "generated-columns",
    Place::Source,
    "Are there no generated columns?",
    "select 'info', 'column ' || rel.name || '.' || quote_ident(a.attname),
       'is generated: the target computes its own value, and has to have the same expression', ''
  from rel join pg_attribute a on a.attrelid = rel.oid
 where rel.relkind in ('r', 'p') and not rel.relispartition and a.attnum > 0 and not a.attisdropped
   and a.attgenerated <> ''
 order by rel.name, a.attnum",
);
