//! Tables whose only key is checked at a transaction's end.

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("deferrable-keys", Place::Source, "Is every key checked at once?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let source = context.source()?;
    let sql = "select oid, name from rel where relkind in ('r', 'p') and not relispartition order by name";
    let tables = catalog::rows(source, sql).await?;
    let oids: Vec<u32> = tables.iter().filter_map(|row| row.first()?.parse().ok()).collect();
    let keys = pg::key_columns(source, &oids).await.map_err(pg::Error::from)?;
    let late = pg::late_key_columns(source, &oids).await.map_err(pg::Error::from)?;
    let found = tables.iter().filter_map(|row| {
        let oid: u32 = row.first()?.parse().ok()?;
        let columns = late.get(&oid).filter(|_| !keys.contains_key(&oid))?;
        let name = row.get(1)?;
        Some(Finding::new(
            Verdict::Info,
            Place::Source,
            format!("table {name}"),
            format!("has only a deferrable key ({}): its events hold whole rows", columns.join(", ")),
            format!(
                "alter table {name} add unique (…) -- not deferrable, over NOT NULL columns; on both sides"
            ),
        ))
    });
    Ok(found.collect())
}
