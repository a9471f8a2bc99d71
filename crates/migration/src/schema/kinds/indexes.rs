//! Indexes that belong to no constraint. Those of partitions that are parts of an index come with it.

use crate::schema::kind::{Kind, Object, Property, Weight, always};

pub(crate) static INDEX: Kind = Kind::new(
    "index",
    sql,
    &[Property::new("definition", changed), Property::new("valid", always::value_cosmetic).same_if(valid)],
    |index: &Object| if is_unique(&index.create) { Weight::Data } else { Weight::Cosmetic },
    |index: &Object| if is_unique(&index.create) { Weight::Stops } else { Weight::Cosmetic },
);

fn is_unique(definition: &str) -> bool {
    definition.starts_with("CREATE UNIQUE")
}

fn changed(source: &str, target: &str) -> Weight {
    match (is_unique(source), is_unique(target)) {
        (_, true) => Weight::Stops,
        (true, false) => Weight::Data,
        _ => Weight::Cosmetic,
    }
}

fn valid(source: &str, target: &str) -> bool {
    source == target || target == "valid"
}

fn sql() -> String {
    "select format('%I.%I', r.nspname, i.relname), r.name, k.def, format('drop index %I.%I', r.nspname, i.relname),
            k.def, format(E'drop index %I.%I;\\n%s', r.nspname, i.relname, k.def),
            case when x.indisvalid then 'valid' else 'invalid' end, format('reindex index %I.%I', r.nspname,
                i.relname),
            quote_ident(i.relname)
       from rel r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
       cross join lateral (select replace(pg_get_indexdef(i.oid), ' ON ONLY ' || r.name, ' ON ' || r.name) as def) k
      where r.relkind in ('r', 'p', 'm')
        and not exists (select from pg_constraint c where c.conindid = i.oid and c.contype in ('p', 'u', 'x'))
        and not exists (select from pg_inherits h where h.inhrelid = i.oid) order by 1"
        .to_owned()
}
