//! Owners. A role of the source that `--role-map` does not name has the target's own role in its place.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static OWNER: Kind = Kind::new(
    "owner of",
    sql,
    &[Property::new("role", always::value_cosmetic)],
    always::cosmetic,
    always::cosmetic,
)
.only_where_both();

fn sql() -> String {
    "select i.word || ' ' || o.name, '', '', '', quote_ident(m.owner),
            format('alter %s %s owner to %I', i.word, o.name, m.owner), m.owner
       from (select 'pg_namespace'::regclass as classid, s.oid, n.nspowner as owner, s.name, 'schema' as word
               from spot s join pg_namespace n on n.oid = s.oid where s.name <> 'public'
             union all
             select 'pg_class'::regclass, r.oid, r.relowner, r.name, case r.relkind when 'v' then 'view' when 'm'
                 then 'materialized view'
                    when 'S' then 'sequence' when 'f' then 'foreign table' when 'c' then 'type' else 'table' end
               from rel r where r.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
                and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = r.oid
                                   and d.deptype in ('a', 'i') and d.refclassid = 'pg_class'::regclass and
                                       d.refobjsubid > 0)
             union all
             select 'pg_proc'::regclass, p.oid, p.proowner, format('%s.%I(%s)', s.name, p.proname,
                 oidvectortypes(p.proargtypes)), 'routine'
               from pg_proc p join spot s on s.oid = p.pronamespace where p.prokind <> 'a'
                and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                    and d.deptype = 'i')
             union all
             select 'pg_type'::regclass, t.oid, t.typowner, s.name || '.' || quote_ident(t.typname), 'type'
               from pg_type t join spot s on s.oid = t.typnamespace where t.typtype in ('e', 'd', 'r')) as o
       cross join lateral (select o.word) i
       join role m on m.oid = o.owner
      where not exists (select from member x where x.classid = o.classid and x.objid = o.oid)"
        .to_owned()
}
