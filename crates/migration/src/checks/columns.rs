//! Columns of tables that both sides have.

use std::collections::HashSet;

use crate::beside::{Beside, beside};
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("columns", Place::Target, "Have the target's tables the source's columns?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Name, table, column, type, collation, NOT NULL, generated, needs a value.
const COLUMNS: &str = "\
select rel.name || '.' || quote_ident(a.attname), rel.name, quote_ident(a.attname), format_type(a.atttypid,
  a.atttypmod),
       case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text else '' end,
       a.attnotnull, a.attgenerated <> '',
       a.attnotnull and not a.atthasdef and a.attidentity = ''
  from rel join pg_attribute a on a.attrelid = rel.oid join pg_type t on t.oid = a.atttypid
 where rel.relkind in ('r', 'p') and not rel.relispartition and a.attnum > 0 and not a.attisdropped";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let columns = beside(context, COLUMNS).await?;
    let there = catalog::rows(context.target()?, COLUMNS).await?;
    let tables: HashSet<&str> = there.iter().filter_map(|row| row.get(1)).map(String::as_str).collect();
    let known: HashSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let of_source: HashSet<&str> =
        columns.iter().filter_map(|column| column.source.first()).map(String::as_str).collect();
    let mut findings: Vec<Finding> = columns
        .iter()
        .filter(|column| column.source.first().is_some_and(|table| tables.contains(table.as_str())))
        .filter_map(difference)
        .collect();
    findings.extend(there.iter().filter_map(|row| {
        let [name, table, column, _, _, _, _, needed] = row.as_slice() else { return None };
        let own = of_source.contains(table.as_str()) && !known.contains(name.as_str());
        (own && needed == "t").then(|| {
            Finding::new(
                Verdict::Blocker,
                Place::Target,
                format!("column {name}"),
                "is there only, NOT NULL and without a default: rows of the source do not fit",
                format!("alter table {table} alter column {column} drop not null"),
            )
        })
    }));
    Ok(findings)
}

fn difference(beside: &Beside) -> Option<Finding> {
    let [table, column, kind, collation, not_null, generated, _] = beside.source.as_slice() else {
        return None;
    };
    let told = |verdict, found: String, remedy: String| {
        Some(Finding::new(verdict, Place::Target, format!("column {}", beside.name), found, remedy))
    };
    let Some([_, _, own_kind, own_collation, own_not_null, own_generated, _]) = beside.target.as_deref()
    else {
        let remedy = format!("alter table {table} add column {column} {kind}");
        return told(
            Verdict::Blocker,
            "is missing: its table is held at the first value for it".to_owned(),
            remedy,
        );
    };
    let alter = format!("alter table {table} alter column {column}");
    if kind != own_kind {
        let found =
            format!("is {own_kind}, and {kind} on the source: a value that does not fit parks the table");
        return told(Verdict::Warning, found, format!("{alter} type {kind}"));
    }
    if generated != own_generated {
        let side = if own_generated == "t" { "the target" } else { "the source" };
        return told(
            Verdict::Warning,
            format!("is generated on {side} only"),
            format!("{alter} drop expression"),
        );
    }
    if own_not_null == "t" && not_null != "t" {
        let found = "is NOT NULL on the target only: a row without a value parks the table";
        return told(Verdict::Warning, found.to_owned(), format!("{alter} drop not null"));
    }
    if collation != own_collation {
        let named = |collation: &str| {
            if collation.is_empty() { "\"default\"".to_owned() } else { collation.to_owned() }
        };
        let (own, other) = (named(own_collation), named(collation));
        let found = format!("has collation {own}, and {other} on the source: it sorts differently");
        return told(Verdict::Warning, found, format!("{alter} type {kind} collate {other}"));
    }
    None
}
