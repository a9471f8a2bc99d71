//! Extended statistics.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static STATISTICS: Kind = Kind::new(
    "statistics",
    sql,
    &[Property::new("definition", always::value_cosmetic)],
    always::cosmetic,
    always::cosmetic,
);

fn sql() -> String {
    "select s.name || '.' || quote_ident(x.stxname), r.name, k.def, format('drop statistics %s.%I', s.name,
        x.stxname),
            k.def, format(E'drop statistics %s.%I;\\n%s', s.name, x.stxname, k.def)
       from pg_statistic_ext x join rel r on r.oid = x.stxrelid join spot s on s.oid = x.stxnamespace
       cross join lateral (select pg_get_statisticsobjdef(x.oid) as def) k"
        .to_owned()
}
