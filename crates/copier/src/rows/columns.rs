//! Columns that are copied, and the two COPY statements.

use std::collections::HashMap;

use apply::MissingColumns;
use pg::{Client, Column, Ident, QualifiedName, Table, TableKind};
use pgq::skipped;
use pgq::table::TableInfo;
use tracing::warn;

use crate::rows::binary_format;
use crate::rows::binary_format::Wires;
use crate::{Config, Error, Result};

/// What is copied of a table, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Copying {
    /// Columns of both sides, in the target's order.
    pub(crate) columns: Vec<String>,
    /// Columns of the source, copied or not.
    pub(crate) known: Vec<String>,
    source: QualifiedName,
    target: QualifiedName,
    /// The source's rows can only be counted by a query: it is partitioned, or columns are generated.
    query: bool,
    /// Rows of the source's own, or of its partitions too.
    only: &'static str,
    /// Rows travel in binary format: no value is printed and read again.
    pub(crate) binary: bool,
}

impl Copying {
    /// The statement that reads all rows.
    pub(crate) fn copy_out(&self) -> String {
        let options = if self.binary { " (format binary)" } else { "" };
        if self.query {
            let rows = format!("select {} from {}{}", self.list(), self.only, self.source);
            format!("copy ({rows}) to stdout{options}")
        } else {
            format!("copy {}{} to stdout{options}", self.source, self.parentheses())
        }
    }

    /// The statement that reads the rows of a range of pages of one of the source's relations; without an end up to the
    /// last page.
    pub(crate) fn copy_out_of(
        &self,
        relation: &QualifiedName,
        first_page: i64,
        end_page: Option<i64>,
    ) -> String {
        let options = if self.binary { " (format binary)" } else { "" };
        let end = end_page.map_or_else(String::new, |end| format!(" and ctid < '({end},0)'"));
        let rows =
            format!("select {} from only {relation} where ctid >= '({first_page},0)'{end}", self.list());
        format!("copy ({rows}) to stdout{options}")
    }

    /// The statement that writes rows. `freeze`: the table was emptied in the same transaction and is not partitioned.
    pub(crate) fn copy_in(&self, freeze: bool) -> String {
        let options = match (self.binary, freeze) {
            (true, true) => " (format binary, freeze)",
            (true, false) => " (format binary)",
            (false, true) => " (freeze)",
            (false, false) => "",
        };
        format!("copy {}{} from stdin{options}", self.target, self.parentheses())
    }

    /// The columns, quoted, with commas.
    pub(crate) fn list(&self) -> String {
        self.columns.iter().map(|name| Ident::new(name).to_string()).collect::<Vec<_>>().join(", ")
    }

    fn parentheses(&self) -> String {
        if self.columns.is_empty() { String::new() } else { format!(" ({})", self.list()) }
    }
}

/// The table's definition on both sides, and what of it is copied.
pub(crate) type Both = (Table, Table, Copying);

/// Looks at one table.
pub(crate) async fn both(
    config: &Config,
    provider: &Client,
    target: &Client,
    info: &TableInfo,
) -> Result<Both> {
    let mut found = all(config, provider, target, std::slice::from_ref(info)).await?;
    found.pop().unwrap_or_else(|| Err(missing(&info.name, "source")))
}

/// Looks at several tables, in their order.
pub(crate) async fn all(
    config: &Config,
    provider: &Client,
    target: &Client,
    infos: &[TableInfo],
) -> Result<Vec<Result<Both>>> {
    let names: Vec<&str> = infos.iter().map(|info| info.name.as_str()).collect();
    let dests: Vec<&str> = infos.iter().map(TableInfo::dest).collect();
    let ((sources, mut from), (targets, mut into)) =
        tokio::try_join!(one_side(provider, &names), one_side(target, &dests))?;
    let mut skipped = skipped::list(target, &config.queue_name).await?;
    let tables = infos.iter().zip(sources.into_iter().zip(targets));
    Ok(tables
        .map(|(info, (source, target))| {
            let source = source.ok_or_else(|| missing(&info.name, "source"))?;
            let target = target.ok_or_else(|| missing(info.dest(), "target"))?;
            let from = from.remove(&source.oid).unwrap_or_default();
            let into = into.remove(&target.oid).unwrap_or_default();
            let skipped = skipped.remove(&info.name).unwrap_or_default();
            if config.missing_columns == MissingColumns::Hold {
                refuse_missing(&source, &target, &skipped)?;
            }
            let copying = copying((&source, &from), (&target, &into))?;
            Ok((source, target, copying))
        })
        .collect())
}

async fn one_side(client: &Client, names: &[&str]) -> Result<(Vec<Option<Table>>, HashMap<u32, Wires>)> {
    let tables = pg::find_tables(client, names).await.map_err(structure)?;
    let known: Vec<&Table> = tables.iter().flatten().collect();
    let wires = binary_format::wires(client, &known).await?;
    Ok((tables, wires))
}

fn missing(plain: &str, side: &'static str) -> Error {
    Error::NoTable { table: QualifiedName::from_plain(plain).plain(), side }
}

fn structure(source: pg::Error) -> Error {
    Error::Pg { what: "reading the table's structure".to_owned(), source }
}

/// Refuses a copy of a table that lacks columns of the source which nobody wants to skip: a copy brings values that no
/// event tells.
fn refuse_missing(source: &Table, target: &Table, skipped: &[String]) -> Result<()> {
    let at_target = |name: &String| target.columns.iter().any(|c| c.name == *name);
    let lacks = |c: &&Column| !c.is_virtual && !at_target(&c.name) && !skipped.contains(&c.name);
    let missing: Vec<&Column> = source.columns.iter().filter(lacks).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let with_type = |c: &&Column| format!("{} {}", c.name, c.formatted);
    let names = skipped.iter().chain(missing.iter().map(|c| &c.name));
    Err(Error::ColumnsMissing {
        source_table: source.name.plain(),
        dest_table: target.name.plain(),
        columns: missing.iter().map(with_type).collect::<Vec<_>>().join(", "),
        all: names.map(String::as_str).collect::<Vec<_>>().join(","),
    })
}

/// Columns of both sides that the target does not compute itself. Columns of one side only are left out with a warning.
/// A virtual column of the source counts as none: later changes cannot bring its values, for triggers do not see them.
fn copying((source, from): (&Table, &Wires), (target, into): (&Table, &Wires)) -> Result<Copying> {
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
    let common: Vec<_> = target
        .columns
        .iter()
        .filter(|c| !c.generated)
        .filter_map(|c| at_source(&c.name).map(|from| (from, c)))
        .collect();
    // rows of nothing but generated columns are told by their number
    let computed = |table: &Table| table.columns.iter().all(|c| c.generated || c.is_virtual);
    if common.is_empty() && !(computed(source) && computed(target)) {
        let (source_table, dest_table) = (source.name.plain(), target.name.plain());
        return Err(Error::NoColumns { source_table, dest_table });
    }
    let partitioned = source.kind == TableKind::Partitioned;
    Ok(Copying {
        columns: common.iter().map(|(_, to)| to.name.clone()).collect(),
        known: source.columns.iter().map(|c| c.name.clone()).collect(),
        source: source.name.clone(),
        target: target.name.clone(),
        // Only a plain table's stored columns can be copied by name; COPY refuses partitioned tables and generated
        // columns
        query: partitioned || common.iter().any(|(at_source, _)| at_source.generated),
        only: source.only(),
        binary: !common.is_empty()
            && common.iter().all(|(_, to)| binary_format::agrees(from.get(&to.name), into.get(&to.name))),
    })
}

#[cfg(test)]
mod tests {
    use pg::Persistence;

    use super::*;
    use crate::rows::binary_format::Wire;

    fn of_type(table: &Table, oid: u32, name: &str) -> Wires {
        let wire = Wire::BuiltIn { oid, name: name.to_owned() };
        table.columns.iter().map(|column| (column.name.clone(), wire.clone())).collect()
    }

    fn copied(source: &Table, target: &Table) -> Result<Copying> {
        let [from, into] = [source, target].map(|table| of_type(table, 23, "int4"));
        copying((source, &from), (target, &into))
    }

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
            value_type: "pg_catalog.int4".to_owned(),
            equals: "operator(pg_catalog.=)".to_owned(),
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
        let copying = copied(&source, &target).unwrap();
        assert_eq!(copying.copy_out(), r#"copy "public"."T x" ("b", "a") to stdout (format binary)"#);
        assert_eq!(copying.copy_in(false), r#"copy "public"."T x" ("b", "a") from stdin (format binary)"#);
        assert_eq!(
            copying.copy_in(true),
            r#"copy "public"."T x" ("b", "a") from stdin (format binary, freeze)"#
        );
    }

    #[test]
    fn reads_ranges_of_pages() {
        let one = table(TableKind::Ordinary, &[("a", false)]);
        let copying = copied(&one, &one).unwrap();
        let out = copying.copy_out_of(&one.name, 8, Some(16));
        let rows = r#"select "a" from only "public"."T x" where ctid >= '(8,0)' and ctid < '(16,0)'"#;
        assert_eq!(out, format!("copy ({rows}) to stdout (format binary)"));
        assert!(copying.copy_out_of(&one.name, 8, None).contains("where ctid >= '(8,0)')"));
    }

    #[test]
    fn selects_from_partitioned_tables_and_generated_columns() {
        let target = table(TableKind::Ordinary, &[("a", false)]);
        let partitioned = table(TableKind::Partitioned, &[("a", false)]);
        let out = copied(&partitioned, &target).unwrap().copy_out();
        assert_eq!(out, r#"copy (select "a" from "public"."T x") to stdout (format binary)"#);
        let generated = table(TableKind::Ordinary, &[("a", true)]);
        let out = copied(&generated, &target).unwrap().copy_out();
        assert_eq!(out, r#"copy (select "a" from only "public"."T x") to stdout (format binary)"#);
    }

    #[test]
    fn a_virtual_column_of_the_source_is_left_out() {
        let source = table(TableKind::Ordinary, &[("a", false), ("virtual", true)]);
        let target = table(TableKind::Ordinary, &[("a", false), ("virtual", false)]);
        let copying = copied(&source, &target).unwrap();
        assert_eq!(copying.columns, ["a"]);
    }

    #[test]
    fn one_column_that_differs_makes_all_travel_as_text() {
        let source = table(TableKind::Ordinary, &[("a", false), ("b", false)]);
        let from = of_type(&source, 23, "int4");
        let mut into = from.clone();
        into.extend(of_type(&table(TableKind::Ordinary, &[("b", false)]), 20, "int8"));
        let copying = copying((&source, &from), (&source, &into)).unwrap();
        assert_eq!(copying.copy_out(), r#"copy "public"."T x" ("a", "b") to stdout"#);
    }

    #[test]
    fn refuses_tables_without_a_common_column() {
        let one = table(TableKind::Ordinary, &[("a", false)]);
        let other = table(TableKind::Ordinary, &[("b", false)]);
        assert!(matches!(copied(&one, &other), Err(Error::NoColumns { .. })));
    }
}
