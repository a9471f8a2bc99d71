//! Inheritance of tables other than partitions: each child is a table of its own.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "inheritance",
    Place::Source,
    "Is there no inheritance but partitions?",
    "select 'info', 'table ' || p.name,
      format('has %s children by inheritance: each of them has to be added as well', count(*)),
       'londiste source.ini add-table ' || string_agg(rel.name, ' ' order by rel.name)
  from pg_inherits i join rel p on p.oid = i.inhparent and p.relkind = 'r' join rel on rel.oid = i.inhrelid
 group by p.name order by p.name",
);
