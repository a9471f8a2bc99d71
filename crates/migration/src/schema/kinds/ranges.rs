//! Range types.

use super::replace::{CONVERSIONS, replace_type};
use crate::schema::kind::{Kind, Property, always};

pub(crate) static RANGE: Kind = Kind::new(
    "range type",
    sql,
    &[Property::new("definition", always::value_stops).mended_by(replace_type)],
    always::stops,
    always::cosmetic,
);

fn sql() -> String {
    format!(
        "select s.name || '.' || quote_ident(t.typname), '', format('create type %s.%I as range (%s)', s.name,
            t.typname, d.def),
                format('drop type %s.%I', s.name, t.typname), d.def, '', {CONVERSIONS}
           from pg_type t join spot s on s.oid = t.typnamespace join pg_range r on r.rngtypid = t.oid
           join pg_opclass o on o.oid = r.rngsubopc join pg_namespace n on n.oid = o.opcnamespace
           cross join lateral (select concat_ws(', ', 'subtype = ' || format_type(r.rngsubtype, null),
               case when not o.opcdefault then format('subtype_opclass = %I.%I', n.nspname, o.opcname) end,
               case when r.rngcollation <> 0 then 'collation = ' || r.rngcollation::regcollation end,
               case when r.rngcanonical <> 0 then 'canonical = ' || r.rngcanonical::regproc end,
               case when r.rngsubdiff <> 0 then 'subtype_diff = ' || r.rngsubdiff::regproc end) as def) d
          where t.typtype = 'r' and not exists (select from member m where m.classid = 'pg_type'::regclass and
              m.objid = t.oid)"
    )
}
