//! Materialized views: their contents do not come along.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "materialized-views",
    Place::Source,
    "Are there no materialized views?",
    "select 'info', 'materialized view ' || name, 'is not replicated',
      format('refresh materialized view %s -- on the target, after the switch', name)
  from rel where relkind = 'm' order by name",
);
