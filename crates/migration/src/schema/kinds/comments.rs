//! Comments.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static COMMENT: Kind = Kind::new(
    "comment on",
    sql,
    &[Property::new("text", always::value_cosmetic)],
    always::cosmetic,
    always::cosmetic,
);

fn sql() -> String {
    "select o.object, c.parent, format('comment on %s is %L', o.object, d.description),
            format('comment on %s is null', o.object), d.description, format('comment on %s is %L', o.object,
                d.description)
       from pg_description d
       cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
       left join lateral (
            select r.name as parent from rel r where d.classoid = 'pg_class'::regclass and r.oid = d.objoid and
                r.relkind not in ('i', 'I')
            union all
            select r.name from rel r join pg_index x on x.indrelid = r.oid where d.classoid = 'pg_class'::regclass
                and x.indexrelid = d.objoid
            union all
            select case when k.contype = 'f' then '' else r.name end from rel r join pg_constraint k on k.conrelid =
                r.oid
             where d.classoid = 'pg_constraint'::regclass and k.oid = d.objoid
            union all
            select r.name from rel r join pg_trigger t on t.tgrelid = r.oid join pg_proc p on p.oid = t.tgfoid join
                spot s on s.oid = p.pronamespace
             where d.classoid = 'pg_trigger'::regclass and t.oid = d.objoid
            union all
            select r.name from rel r join pg_rewrite w on w.ev_class = r.oid where d.classoid =
                'pg_rewrite'::regclass and w.oid = d.objoid
            union all
            select r.name from rel r join pg_policy p on p.polrelid = r.oid where d.classoid = 'pg_policy'::regclass
                and p.oid = d.objoid
            union all
            select format('%s.%I(%s)', s.name, p.proname, case when p.prokind <> 'a' then
                oidvectortypes(p.proargtypes)
                          else coalesce(nullif(oidvectortypes(p.proargtypes), ''), '*') end)
              from pg_proc p join spot s on s.oid = p.pronamespace where d.classoid = 'pg_proc'::regclass and p.oid
                  = d.objoid
            union all
            select s.name || '.' || quote_ident(t.typname) from pg_type t join spot s on s.oid = t.typnamespace
             where d.classoid = 'pg_type'::regclass and t.oid = d.objoid
            union all
            select s.name || '.' || quote_ident(t.typname) from pg_constraint k join pg_type t on t.oid = k.contypid
              join spot s on s.oid = t.typnamespace where d.classoid = 'pg_constraint'::regclass and k.oid = d.objoid
            union all
            select s.name from spot s where d.classoid = 'pg_namespace'::regclass and s.oid = d.objoid
            union all
            select r.name from pg_statistic_ext x join rel r on r.oid = x.stxrelid
             where d.classoid = 'pg_statistic_ext'::regclass and x.oid = d.objoid) c on true
       cross join lateral (select case when i.type like '% column' then 'column ' || i.identity
             when i.type = 'table constraint' then 'constraint ' || i.identity
             when i.type = 'domain constraint' then 'constraint ' || regexp_replace(i.identity, ' on (?!.* on )',
                 ' on domain ')
             when i.type = 'statistics object' then 'statistics ' || i.identity
             when i.type = 'composite type' then 'type ' || i.identity
             else i.type || ' ' || i.identity end as object) o
      where d.classoid in ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_proc'::regclass,
          'pg_type'::regclass, 'pg_namespace'::regclass,
                           'pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass,
                               'pg_statistic_ext'::regclass)
        and i.identity is not null and i.identity <> 'public'
        and c.parent is not null
        and not exists (select from member m where m.classid = d.classoid and m.objid = d.objoid)"
        .to_owned()
}
