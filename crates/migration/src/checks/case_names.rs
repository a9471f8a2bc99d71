//! Names that differ by case only.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "case-names",
    Place::Source,
    "Do names differ by more than case?",
    "select 'info', 'tables ' || string_agg(name, ', ' order by name),
      'differ by case only: quote them on command lines', ''
  from rel where relkind in ('r', 'p') group by lower(nspname), lower(relname) having count(*) > 1 order by 2",
);
