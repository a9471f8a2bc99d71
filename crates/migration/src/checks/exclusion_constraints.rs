//! Exclusion constraints: their indexes are built last and alone.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "exclusion-constraints",
    Place::Source,
    "Are there no exclusion constraints?",
    "select 'info', format('constraint %I on table %s', c.conname, rel.name),
       'excludes rows: its index cannot be built beside others, so that the copy of the table takes longer', ''
  from pg_constraint c join rel on rel.oid = c.conrelid where c.contype = 'x' order by rel.name, c.conname",
);
