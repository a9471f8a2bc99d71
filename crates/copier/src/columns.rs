//! Which columns are copied, and the two COPY statements.

use pg::{Client, Ident, QualifiedName, Table, TableKind};
use tracing::warn;

use crate::{Error, Result};

/// The COPY statements of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statements {
    pub(crate) copy_out: String,
    pub(crate) copy_in: String,
}

/// Reads the table's definition on both sides.
pub(crate) async fn both(
    provider: &Client,
    target: &Client,
    name: &str,
    dest: &str,
) -> Result<(Table, Table)> {
    let missing =
        |plain: &str, side| Error::NoTable { table: QualifiedName::from_plain(plain).plain(), side };
    let source =
        pg::find_table(provider, name).await.map_err(structure)?.ok_or_else(|| missing(name, "source"))?;
    let target =
        pg::find_table(target, dest).await.map_err(structure)?.ok_or_else(|| missing(dest, "target"))?;
    Ok((source, target))
}

fn structure(source: pg::Error) -> Error {
    Error::Pg { what: "reading the table's structure".to_owned(), source }
}

/// Columns of both sides that the target does not compute itself. Columns of one side only are left out with a warning. A virtual
/// column of the source counts as none: later changes cannot bring its values, for triggers do not see them.
pub(crate) fn statements(source: &Table, target: &Table) -> Result<Statements> {
    let at_source = |name: &str| source.columns.iter().find(|c| c.name == name && !c.is_virtual);
    let at_target = |name: &str| target.columns.iter().find(|c| c.name == name);
    for column in source.columns.iter().filter(|c| at_target(&c.name).is_none()) {
        warn!(
            table = source.name.plain(),
            column = column.name,
            "column exists on the source only: it is left out"
        );
    }
    for column in target.columns.iter().filter(|c| !c.generated && at_source(&c.name).is_none()) {
        warn!(
            table = target.name.plain(),
            column = column.name,
            "column exists on the target only: it gets its default"
        );
    }
    let common: Vec<_> =
        target.columns.iter().filter(|c| !c.generated).filter_map(|c| at_source(&c.name)).collect();
    if common.is_empty() && !source.columns.is_empty() {
        let (source_table, dest_table) = (source.name.plain(), target.name.plain());
        return Err(Error::NoColumns { source_table, dest_table });
    }
    let list = common.iter().map(|c| Ident::new(&c.name).to_string()).collect::<Vec<_>>().join(", ");
    let parentheses = if list.is_empty() { String::new() } else { format!(" ({list})") };
    // Only a plain table's stored columns can be copied by name; COPY refuses partitioned tables and generated columns
    let plain = source.kind != TableKind::Partitioned && common.iter().all(|c| !c.generated);
    let copy_out = if plain {
        format!("copy {}{parentheses} to stdout", source.name)
    } else {
        let only = if source.kind == TableKind::Partitioned { "" } else { "only " };
        format!("copy (select {list} from {only}{}) to stdout", source.name)
    };
    Ok(Statements { copy_out, copy_in: format!("copy {}{parentheses} from stdin", target.name) })
}

#[cfg(test)]
mod tests {
    use pg::{Column, Persistence};

    use super::*;

    fn table(kind: TableKind, columns: &[(&str, bool)]) -> Table {
        let column = |(name, generated): &(&str, bool)| Column {
            attnum: 1,
            name: (*name).to_owned(),
            type_name: r#""pg_catalog"."int4""#.to_owned(),
            type_oid: 23,
            formatted: "integer".to_owned(),
            not_null: false,
            generated: *generated,
            is_virtual: *generated && name.starts_with("virtual"),
            identity: None,
            has_default: false,
        };
        Table {
            oid: 1,
            name: QualifiedName { schema: "public".to_owned(), name: "T x".to_owned() },
            kind,
            partition_of: None,
            persistence: Persistence::Permanent,
            columns: columns.iter().map(column).collect(),
            key: Vec::new(),
        }
    }

    #[test]
    fn copies_common_columns_in_the_targets_order() {
        let source = table(TableKind::Ordinary, &[("a", false), ("b", false), ("gone", false)]);
        let target = table(TableKind::Ordinary, &[("b", false), ("new", false), ("a", false), ("g", true)]);
        let statements = statements(&source, &target).unwrap();
        assert_eq!(statements.copy_out, r#"copy "public"."T x" ("b", "a") to stdout"#);
        assert_eq!(statements.copy_in, r#"copy "public"."T x" ("b", "a") from stdin"#);
    }

    #[test]
    fn selects_from_partitioned_tables_and_generated_columns() {
        let target = table(TableKind::Ordinary, &[("a", false)]);
        let partitioned = table(TableKind::Partitioned, &[("a", false)]);
        let out = statements(&partitioned, &target).unwrap().copy_out;
        assert_eq!(out, r#"copy (select "a" from "public"."T x") to stdout"#);
        let generated = table(TableKind::Ordinary, &[("a", true)]);
        let out = statements(&generated, &target).unwrap().copy_out;
        assert_eq!(out, r#"copy (select "a" from only "public"."T x") to stdout"#);
    }

    #[test]
    fn a_virtual_column_of_the_source_is_left_out() {
        let source = table(TableKind::Ordinary, &[("a", false), ("virtual", true)]);
        let target = table(TableKind::Ordinary, &[("a", false), ("virtual", false)]);
        assert_eq!(statements(&source, &target).unwrap().copy_out, r#"copy "public"."T x" ("a") to stdout"#);
    }

    #[test]
    fn refuses_tables_without_a_common_column() {
        let one = table(TableKind::Ordinary, &[("a", false)]);
        let other = table(TableKind::Ordinary, &[("b", false)]);
        assert!(matches!(statements(&one, &other), Err(Error::NoColumns { .. })));
    }
}
