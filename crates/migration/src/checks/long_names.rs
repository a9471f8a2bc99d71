//! Names over 40 bytes: names that are built from them are cut.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "long-names",
    Place::Source,
    "Are all names of tables short enough?",
    "select 'info', case relkind when 'S' then 'sequence ' else 'table ' end || name,
       format('has a name of %s bytes: a name that is built from it may be cut at 63', octet_length(relname::text)),
         ''
  from rel where relkind in ('r', 'p', 'S') and octet_length(relname::text) > 40 order by name",
);
