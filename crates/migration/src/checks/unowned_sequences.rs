//! Sequences that no column owns: no table brings them along.

use crate::Place;
use crate::check::Check;

pub(crate) const CHECK: Check = Check::sql(
    "unowned-sequences",
    Place::Source,
    "Is every sequence owned by a column?",
    "select 'info', 'sequence ' || rel.name,
       case when u.name is null then 'is owned by no column, and no default takes values of it'
            else format('is owned by no column, and the default of %s takes values of it', u.name) end
       || ': no table brings it along, and dropping one leaves it there. Add it by name',
       coalesce(format('alter sequence %s owned by %s', rel.name, u.name), '')
  from rel
  left join lateral (
       select format('%s.%I', t.name, a.attname) as name
         from pg_depend d join pg_attrdef f on f.oid = d.objid join rel t on t.oid = f.adrelid
         join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
        where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = rel.oid
        order by 1 limit 1) u on true
 where rel.relkind = 'S'
   and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = rel.oid and d.refclassid = 'pg_class'::regclass
                      and d.deptype in ('a', 'i') and d.refobjsubid > 0)
 order by rel.name",
);
