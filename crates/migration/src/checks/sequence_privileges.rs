//! SELECT on the sequences.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "sequence-privileges",
    Place::Source,
    "May the role read all sequences?",
    "select 'blocker', 'sequence ' || name, format('role %I lacks SELECT on it', current_user),
       format('grant select on sequence %s to %I', name, current_user)
  from rel where case when relkind = 'S' then not has_sequence_privilege(oid, 'select') end order by name",
);
