//! Unlogged tables: a crash of the server empties them.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "unlogged-tables",
    Place::Source,
    "Are all tables logged?",
    "select 'info', 'table ' || name, 'is unlogged: a crash of the source empties it, and no event tells that',
       format('alter table %s set logged', name)
  from rel where relkind = 'r' and relpersistence = 'u' order by name",
);
