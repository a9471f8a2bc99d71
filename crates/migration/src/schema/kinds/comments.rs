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
    format!(
        "select o.object, c.parent, format('comment on %s is %L', o.object, d.description),
                format('comment on %s is null', o.object), d.description,
                format('comment on %s is %L', o.object, d.description)
           from ({OBJECTS}) c (class, oid, parent)
           join pg_description d on d.classoid = c.class and d.objoid = c.oid
           cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
           cross join lateral (select case when i.type like '% column' then 'column ' || i.identity
                 when i.type = 'table constraint' then 'constraint ' || i.identity
                 when i.type = 'domain constraint'
                     then 'constraint ' || regexp_replace(i.identity, ' on (?!.* on )', ' on domain ')
                 when i.type = 'statistics object' then 'statistics ' || i.identity
                 when i.type = 'composite type' then 'type ' || i.identity
                 else i.type || ' ' || i.identity end as object) o
          where i.identity is not null and i.identity <> 'public'
            and not exists (select from member m where m.classid = d.classoid and m.objid = d.objoid)"
    )
}

/// Objects that may have a comment: class, oid, and what the comment is created with. Foreign keys are made apart from
/// their tables.
const OBJECTS: &str = "\
select 'pg_class'::regclass::oid, r.oid, r.name from rel r where r.relkind not in ('i', 'I')
union all
select 'pg_class'::regclass, x.indexrelid, r.name from rel r join pg_index x on x.indrelid = r.oid
union all
select 'pg_constraint'::regclass, k.oid, case when k.contype = 'f' then '' else r.name end
  from rel r join pg_constraint k on k.conrelid = r.oid
union all
select 'pg_constraint'::regclass, k.oid, s.name || '.' || quote_ident(t.typname)
  from pg_constraint k join pg_type t on t.oid = k.contypid join spot s on s.oid = t.typnamespace
union all
select 'pg_trigger'::regclass, t.oid, r.name from rel r join pg_trigger t on t.tgrelid = r.oid
  join pg_proc p on p.oid = t.tgfoid join spot s on s.oid = p.pronamespace
union all
select 'pg_rewrite'::regclass, w.oid, r.name from rel r join pg_rewrite w on w.ev_class = r.oid
union all
select 'pg_policy'::regclass, p.oid, r.name from rel r join pg_policy p on p.polrelid = r.oid
union all
select 'pg_statistic_ext'::regclass, x.oid, r.name from rel r join pg_statistic_ext x on x.stxrelid = r.oid
union all
select 'pg_proc'::regclass, p.oid, format('%s.%I(%s)', s.name, p.proname,
         case when p.prokind <> 'a' then oidvectortypes(p.proargtypes)
              else coalesce(nullif(oidvectortypes(p.proargtypes), ''), '*') end)
  from pg_proc p join spot s on s.oid = p.pronamespace
union all
select 'pg_type'::regclass, t.oid, s.name || '.' || quote_ident(t.typname)
  from pg_type t join spot s on s.oid = t.typnamespace
union all
select 'pg_namespace'::regclass, s.oid, s.name from spot s";
