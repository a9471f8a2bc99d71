//! Invalid indexes: what a failed CREATE INDEX CONCURRENTLY leaves.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "invalid-indexes",
    Place::Both,
    "Are all indexes valid?",
    "select 'warning', 'index ' || rel.name, 'is invalid: it is kept up at every write and used by nobody',
       format('reindex index concurrently %s', rel.name)
  from pg_index i join rel on rel.oid = i.indexrelid
 where not i.indisvalid and rel.relkind = 'i' order by rel.name",
);
