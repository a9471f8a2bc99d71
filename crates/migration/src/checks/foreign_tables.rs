//! Foreign tables: their rows are not here.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "foreign-tables",
    Place::Source,
    "Are there no foreign tables?",
    "select 'warning', 'foreign table ' || name,
      'is not replicated: its rows are on another server, which the target has to reach as well',
       'create server and user mapping on the target'
  from rel where relkind = 'f' order by name",
);
