//! `add-table --skip-columns`: columns of the provider's table that the node's table lacks on purpose.

use anyhow::{Result, bail};
use pg::Table;

use crate::londiste::support::job::Job;

/// Refuses a table that lacks columns of the provider's, unless they are named; and names that make no sense. `None`:
/// the option is not given.
pub(crate) fn check(
    job: &Job,
    name: &str,
    (source, dest, target): (&Table, &str, &Table),
    named: Option<&[String]>,
) -> Result<()> {
    let has = |table: &Table, column: &str| table.columns.iter().any(|c| c.name == column);
    for column in named.unwrap_or_default() {
        if !has(source, column) {
            bail!("--skip-columns: table {name} has no column {column} on the provider");
        }
        if has(target, column) {
            bail!("--skip-columns: table {dest} has column {column} here: drop it first, or do not skip it");
        }
        if source.key.contains(column) {
            bail!("--skip-columns: column {column} identifies rows of table {name}: it is needed here");
        }
    }
    if !job.settings.holds_missing_columns() {
        return Ok(());
    }
    let skipped = |column: &String| named.unwrap_or_default().contains(column);
    let missing = source.columns.iter().filter(|c| !c.is_virtual && !has(target, &c.name));
    let missing: Vec<_> = missing.filter(|c| !skipped(&c.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let described = missing.iter().map(|c| format!("{} {}", c.name, c.formatted));
    let described = described.collect::<Vec<_>>().join(", ");
    let all = named.unwrap_or_default().iter().chain(missing.iter().map(|c| &c.name));
    let all = all.map(String::as_str).collect::<Vec<_>>().join(",");
    bail!(
        "table {dest} lacks columns that the provider has: {described}; \
         add them, or leave them out for good: add-table {name} --skip-columns={all}"
    )
}
