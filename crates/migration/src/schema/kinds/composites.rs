//! Composite types and their attributes.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static TYPE: Kind = Kind::new("composite type", types, &[], always::stops, always::cosmetic);

pub(crate) static ATTRIBUTE: Kind = Kind::new(
    "attribute",
    attributes,
    &[Property::new("type", always::value_stops)],
    always::stops,
    always::stops,
)
.holding_rows()
.within_parent();

const TYPE_OF: &str = "\
cross join lateral (select format_type(a.atttypid, a.atttypmod)
    || case when a.attcollation <> (select typcollation from pg_type where oid = a.atttypid)
            then ' collate ' || a.attcollation::regcollation else '' end as type) y";

fn types() -> String {
    format!(
        "select r.name, '', format('create type %s as (%s)', r.name, l.list), 'drop type ' || r.name
           from rel r cross join lateral (select string_agg(format('%I %s', a.attname, y.type), ', ' order by
               a.attnum) as list
               from pg_attribute a {TYPE_OF} where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped) l
          where r.relkind = 'c' and not exists (select from member m where m.classid = 'pg_type'::regclass and
              m.objid = r.reltype)"
    )
}

/// A missing type is created with its attributes.
fn attributes() -> String {
    format!(
        "select format('%s.%I', r.name, a.attname), r.name,
                format('alter type %s add attribute %I %s cascade', r.name, a.attname, y.type),
                format('alter type %s drop attribute %I cascade', r.name, a.attname),
                y.type, format('alter type %s alter attribute %I type %s cascade', r.name, a.attname, y.type)
           from rel r join pg_attribute a on a.attrelid = r.oid {TYPE_OF}
          where r.relkind = 'c' and a.attnum > 0 and not a.attisdropped
            and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid = r.reltype)"
    )
}
