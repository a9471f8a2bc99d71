//! Domains and their checks.

use super::replace::{CONVERSIONS, replace_type};
use crate::schema::kind::{Kind, Property, Weight, always};

pub(crate) static DOMAIN: Kind = Kind::new(
    "domain",
    domains,
    &[
        Property::new("type", always::value_stops).mended_by(replace_type),
        Property::new("default", always::value_data),
        Property::new("not null", not_null),
    ],
    always::stops,
    always::cosmetic,
);

pub(crate) static CONSTRAINT: Kind = Kind::new(
    "domain constraint",
    constraints,
    &[Property::new("definition", always::value_stops)],
    always::data,
    always::stops,
);

fn not_null(source: &str, _: &str) -> Weight {
    if source.is_empty() { Weight::Stops } else { Weight::Data }
}

fn domains() -> String {
    format!(
        "select d.name, '', format('create domain %s as %s%s%s', d.name, d.base, ' default ' || t.typdefault,
                                   case when t.typnotnull then ' not null' end), 'drop domain ' || d.name,
                d.base, '', coalesce(t.typdefault, ''),
                format('alter domain %s %s', d.name, coalesce('set default ' || t.typdefault, 'drop default')),
                case when t.typnotnull then 'not null' else '' end,
                format('alter domain %s %s not null', d.name, case when t.typnotnull then 'set' else 'drop' end),
                    {CONVERSIONS}
           from pg_type t join spot s on s.oid = t.typnamespace join pg_type b on b.oid = t.typbasetype
           cross join lateral (select s.name || '.' || quote_ident(t.typname) as name, format_type(t.typbasetype,
               t.typtypmod)
               || case when t.typcollation <> b.typcollation then ' collate ' || t.typcollation::regcollation else
                   '' end as base) d
          where t.typtype = 'd' and not exists (select from member m where m.classid = 'pg_type'::regclass and
              m.objid = t.oid)"
    )
}

fn constraints() -> String {
    "select format('%I on %s', c.conname, d.name), d.name, format('alter domain %s add constraint %I %s', d.name,
        c.conname, k.def),
            format('alter domain %s drop constraint %I', d.name, c.conname), k.def,
            format(E'alter domain %s drop constraint %I;\\nalter domain %1$s add constraint %2$I %3$s', d.name,
                c.conname, k.def)
       from pg_constraint c join pg_type t on t.oid = c.contypid join spot s on s.oid = t.typnamespace
       cross join lateral (select s.name || '.' || quote_ident(t.typname) as name) d
       cross join lateral (select pg_get_constraintdef(c.oid) as def) k
      where c.contype = 'c' and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid =
          t.oid)"
        .to_owned()
}
