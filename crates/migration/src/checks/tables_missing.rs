//! Tables of the source that the target lacks.

use crate::beside::beside;
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict};

pub(crate) const CHECK: Check =
    Check::code("tables-missing", Place::Target, "Has the target all tables?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let sql = "select name from rel where relkind in ('r', 'p') and not relispartition";
    let tables = beside(context, sql).await?;
    let missing: Vec<&str> =
        tables.iter().filter(|table| !table.there).map(|table| table.name.as_str()).collect();
    let dump = |what: &str| {
        format!(
            "pg_dump --schema-only --no-owner --no-privileges{what} \"{}\" | psql \"{}\"",
            context.shown(Place::Source),
            context.shown(Place::Target)
        )
    };
    if missing.len() == tables.len() && missing.len() > 1 {
        // An empty target is where a migration begins: its schema is a step of it.
        return Ok(vec![Finding::new(
            Verdict::Warning,
            Place::Target,
            "schema",
            format!("none of the source's {} tables is there yet", missing.len()),
            format!("migrate takes it over, or schema --apply, or {}", dump("")),
        )]);
    }
    let found = missing.iter().map(|name| {
        let table = format!(" --table={}", quoted(name));
        Finding::new(Verdict::Blocker, Place::Target, format!("table {name}"), "is missing", dump(&table))
    });
    Ok(found.collect())
}

/// For a shell.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', r"'\''"))
}
