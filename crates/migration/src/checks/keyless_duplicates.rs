//! Rows that are there several times in tables without a key.

use super::keys::keyless;
use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::session::THOROUGH;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check = Check::code(
    "keyless-duplicates",
    Place::Source,
    "Is every row of tables without a key there once?",
    |context| Box::pin(ask(context)) as Found<'_>,
)
.reading_rows();

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for table in keyless(context).await? {
        let name = &table.name;
        let sql = format!(
            "select count(*), coalesce(sum(n), 0), (array_agg(one))[1], (array_agg(other))[1] from (
               select count(*) as n, (array_agg(concat(tableoid::regclass, ' ', ctid)))[1] as one,
                      (array_agg(concat(tableoid::regclass, ' ', ctid)))[2] as other
                 from {from}{name} r group by r::text having count(*) > 1) d having count(*) > 0",
            from = if table.is_partitioned { "" } else { "only " }
        );
        let object = format!("table {name}");
        match catalog::rows_within(context.source()?, THOROUGH, &sql).await {
            Err(error) => findings.push(Finding::unchecked(Place::Source, object, &error)),
            Ok(rows) => findings.extend(rows.iter().filter_map(|row| duplicates(&object, name, row))),
        }
    }
    Ok(findings)
}

fn duplicates(object: &str, table: &str, row: &[String]) -> Option<Finding> {
    let [values, rows, one, other] = row else { return None };
    Some(Finding::new(
        Verdict::Info,
        Place::Source,
        object,
        format!(
            "has no key, and {rows} rows that are only {values} different ones, as {one} and {other}: no key over its \
             columns can be made before they are told apart"
        ),
        format!("select r::text, count(*) from {table} r group by 1 having count(*) > 1"),
    ))
}
