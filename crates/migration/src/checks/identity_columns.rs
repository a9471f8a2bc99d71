//! Identity columns: their sequences are replicated as any other.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "identity-columns",
    Place::Source,
    "Are there no identity columns?",
    "select 'info', 'column ' || rel.name || '.' || quote_ident(a.attname),
       'is an identity: values are written as the source has them, and the sequence behind it is one to replicate',
       'londiste source.ini add-seq ' || coalesce(seq.name, '--all')
  from rel join pg_attribute a on a.attrelid = rel.oid
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
    and d.deptype = 'i'
        and d.refobjid = rel.oid and d.refobjsubid = a.attnum
  left join rel seq on seq.oid = d.objid and seq.relkind = 'S'
 where rel.relkind in ('r', 'p') and not rel.relispartition and a.attnum > 0 and not a.attisdropped
   and a.attidentity <> ''
 order by rel.name, a.attnum",
);
