//! Extensions: schema and version. Each server has versions of its own: only one that could be updated counts.

use crate::schema::kind::{Kind, Property, always};

pub(crate) static EXTENSION: Kind = Kind::new(
    "extension",
    sql,
    &[
        Property::new("schema", always::value_data),
        Property::new("version", always::value_cosmetic).same_if(same_version),
    ],
    always::data,
    always::cosmetic,
)
.holding_rows();

fn sql() -> String {
    "select quote_ident(e.extname), '', format('create extension if not exists %I with schema %I', e.extname,
        n.nspname),
            format('drop extension %I', e.extname),
            quote_ident(n.nspname), format('alter extension %I set schema %I', e.extname, n.nspname),
            e.extversion || coalesce(', ' || a.default_version || ' is the newest', ''),
                format('alter extension %I update', e.extname)
       from pg_extension e join pg_namespace n on n.oid = e.extnamespace
       left join pg_available_extensions a on a.name = e.extname
      where e.extname not in (select schema from ours)"
        .to_owned()
}

/// The installed version is the source's, or the newest that the target's server has.
fn same_version(source: &str, target: &str) -> bool {
    fn parts(text: &str) -> (&str, Option<&str>) {
        match text.split_once(", ") {
            Some((installed, newest)) => (installed, newest.strip_suffix(" is the newest")),
            None => (text, None),
        }
    }
    let (installed, newest) = parts(target);
    installed == parts(source).0 || newest.is_none_or(|newest| newest == installed)
}

#[cfg(test)]
mod tests {
    use super::same_version;

    #[test]
    fn a_version_differs_where_the_server_has_a_newer_one() {
        let target = |installed: &str, newest: &str| format!("{installed}, {newest} is the newest");
        assert!(same_version(&target("1.8", "1.8"), &target("1.12", "1.12")));
        assert!(same_version(&target("1.10", "1.10"), &target("1.10", "1.12")));
        assert!(!same_version(&target("1.8", "1.8"), &target("1.10", "1.12")));
        assert!(same_version("1.8", "1.10"));
    }
}
