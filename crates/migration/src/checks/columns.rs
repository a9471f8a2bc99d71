//! Columns of tables that both sides have.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::schema::{Difference, How, Weight};
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("columns", Place::Target, "Have the target's tables the source's columns?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// The kind's word in comparisons of schemas.
pub(super) const COLUMN: &str = "column";

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let structure = context.structure().await?;
    Ok(structure.differences.iter().filter(|found| found.kind == COLUMN).filter_map(finding).collect())
}

/// What replication meets. Defaults and identity are for whoever writes on the target: see the check `structure`.
pub(super) fn finding(column: &Difference) -> Option<Finding> {
    let told = |verdict, found: String, remedy: &str| {
        Some(Finding::new(verdict, Place::Target, column.object(), found, remedy))
    };
    let (source, target) = (&column.source, &column.target);
    match (column.how, column.weight) {
        (How::Missing, _) => told(
            Verdict::Blocker,
            "is missing: its table is held at the first value for it".to_owned(),
            &column.statement,
        ),
        (How::Extra, Weight::Stops) => {
            let found = "is there only, NOT NULL and without a default: rows of the source do not fit";
            let name = column.name.strip_prefix(&format!("{}.", column.table)).unwrap_or_default();
            let remedy = format!("alter table {} alter column {name} drop not null", column.table);
            told(Verdict::Blocker, found.to_owned(), &remedy)
        }
        (How::Property("type"), _) => told(
            Verdict::Warning,
            format!("is {target}, and {source} on the source: a value that does not fit parks the table"),
            &column.statement,
        ),
        (How::Property("generated"), _) => {
            let found = match (source.is_empty(), target.is_empty()) {
                (true, _) => "is generated on the target only",
                (_, true) => "is generated on the source only",
                _ => "is generated otherwise than on the source",
            };
            told(Verdict::Warning, found.to_owned(), &column.statement)
        }
        (How::Property("not null"), Weight::Stops) => {
            let found = "is NOT NULL on the target only: a row without a value parks the table";
            told(Verdict::Warning, found.to_owned(), &column.statement)
        }
        (How::Property("collation"), _) => {
            let named = |collation: &str| {
                if collation.is_empty() { "\"default\"".to_owned() } else { collation.to_owned() }
            };
            let (own, other) = (named(target), named(source));
            let found = format!("has collation {own}, and {other} on the source: it sorts differently");
            told(Verdict::Warning, found, &column.statement)
        }
        _ => None,
    }
}
