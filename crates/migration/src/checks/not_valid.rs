//! Constraints that were never validated.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "not-valid",
    Place::Source,
    "Are all constraints validated?",
    "select 'info', format('constraint %I on table %s', k.conname, rel.name),
       'is NOT VALID: rows may violate it, and the target takes it over as it is',
         format('alter table %s validate constraint %I', rel.name, k.conname)
  from pg_constraint k join rel on rel.oid = k.conrelid
 where not k.convalidated and k.contype in ('c', 'f') and k.conparentid = 0 order by rel.name, k.conname",
);
