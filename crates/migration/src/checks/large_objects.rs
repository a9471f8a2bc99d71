//! Large objects: no trigger can capture them.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "large-objects",
    Place::Source,
    "Are there no large objects?",
    "select 'warning', format('%s large objects', count(*)),
       format('are not replicated (%s with all that belongs to them)',
         pg_size_pretty(pg_total_relation_size('pg_largeobject'))),
       'pg_dump --blobs --data-only into the target at the switch'
  from pg_largeobject_metadata having count(*) > 0",
);
