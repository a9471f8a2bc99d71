//! Columns of tables. Those that a table only inherits are compared where they come from.

use crate::schema::kind::{Both, Kind, Object, Property, Spelling, Weight, always};

pub(crate) static COLUMN: Kind = Kind::new(
    "column",
    sql,
    &[
        Property::new("type", always::value_stops),
        Property::new("collation", always::value_data),
        Property::new("generated", generated).mended_by(mend_generated),
        Property::new("identity", identity).mended_by(mend_identity),
        Property::new("default", always::value_data).spelled(Spelling::Expression),
        Property::new("not null", not_null),
    ],
    always::stops,
    extra,
)
.holding_rows()
.within_parent();

/// A table only inherits it.
pub(crate) fn is_inherited(column: &Object) -> bool {
    column.rest(1) == "t"
}

/// A row of the source has no value for it.
fn extra(column: &Object) -> Weight {
    if column.rest(0) == "t" { Weight::Stops } else { Weight::Cosmetic }
}

fn generated(_: &str, target: &str) -> Weight {
    if target.is_empty() { Weight::Data } else { Weight::Stops }
}

fn identity(_: &str, target: &str) -> Weight {
    if target == "always" { Weight::Stops } else { Weight::Data }
}

fn not_null(source: &str, _: &str) -> Weight {
    if source.is_empty() { Weight::Stops } else { Weight::Data }
}

/// What has become a plain column keeps its values; a new expression computes them.
fn mend_generated(both: &Both<'_>) -> String {
    match both.values() {
        ("", _) => both.source.statement(both.at).to_owned(),
        _ => format!("{};\n{}", both.target.drop, both.source.create),
    }
}

fn mend_identity(both: &Both<'_>) -> String {
    let column = both.source.statement(both.at);
    match both.values() {
        ("", _) => format!("{column} drop identity"),
        (kind, "") => format!("{column} add generated {kind} as identity"),
        (kind, _) => format!("{column} set generated {kind}"),
    }
}

/// Of an attribute `a`: `c.def` with type, default and all, `c.type`, `c.collation` where it is not the type's,
/// `c.expr`.
pub(crate) const DEFINITION: &str = "\
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
cross join lateral (select format_type(a.atttypid, a.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as expr,
    case when a.attcollation <> (select typcollation from pg_type where oid = a.atttypid)
         then a.attcollation::regcollation::text end as collation,
    case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity) b
cross join lateral (select b.*, concat(quote_ident(a.attname), ' ', b.type, ' collate ' || b.collation,
    case a.attgenerated when '' then ' default ' || b.expr
         when 'v' then ' generated always as (' || b.expr || ') virtual'
         else ' generated always as (' || b.expr || ') stored' end,
    ' generated ' || b.identity || ' as identity') as free,
    case when a.attnotnull then ' not null' else '' end as not_null) e
cross join lateral (select e.*, e.free || e.not_null as def) c";

/// A column that needs a value and has no default is added without NOT NULL: rows are there.
fn sql() -> String {
    format!(
        "select format('%s.%I', r.name, a.attname), r.name,
                format('%s table %s add column %s', w.alter, r.name,
                       case when b.expr is null and b.identity is null then c.free else c.def end),
                format('%s table %s drop column %I', w.alter, r.name, a.attname),
                c.type, w.col || ' type ' || c.type || coalesce(' collate ' || c.collation, '')
                     || case when a.attgenerated = '' then format(' using %I::%s', a.attname, c.type) else '' end,
                coalesce(c.collation, ''), w.col || ' type ' || c.type || ' collate ' || coalesce(c.collation,
                    '\"default\"'),
                case when a.attgenerated = '' then '' else c.expr || case a.attgenerated when 'v' then ' virtual'
                    else ' stored' end end,
                w.col || ' drop expression',
                coalesce(c.identity, ''), w.col,
                case when a.attgenerated = '' then coalesce(c.expr, '') else '' end,
                w.col || coalesce(' set default ' || case when a.attgenerated = '' then c.expr end, ' drop default'),
                case when a.attnotnull then 'not null' else '' end,
                w.col || case when a.attnotnull then ' set' else ' drop' end || ' not null',
                a.attnotnull and not a.atthasdef and a.attidentity = '', not a.attislocal and a.attinhcount > 0
           from rel r join pg_attribute a on a.attrelid = r.oid {DEFINITION}
           cross join lateral (select case when r.relkind = 'f' then 'alter foreign' else 'alter' end as alter,
              format('alter %stable %s alter column %I', case when r.relkind = 'f' then 'foreign ' end, r.name,
                  a.attname) as col) w
          where r.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped"
    )
}
