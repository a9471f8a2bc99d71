//! Keys of tables that both sides have.

use std::collections::HashMap;

use pg::Session;

use crate::check::{Check, Found};
use crate::context::Context;
use crate::error::Result;
use crate::{Finding, Place, Verdict, catalog};

pub(crate) const CHECK: Check =
    Check::code("key-differs", Place::Target, "Have the target's tables the source's keys?", |context| {
        Box::pin(ask(context)) as Found<'_>
    });

/// Tables by name, with the columns of their keys; none: no key.
async fn keys(session: &Session) -> Result<HashMap<String, Vec<String>>> {
    let sql = "select oid, name from rel where relkind in ('r', 'p') and not relispartition";
    let tables: Vec<(u32, String)> = catalog::rows(session, sql)
        .await?
        .into_iter()
        .filter_map(|row| Some((row.first()?.parse().ok()?, row.get(1)?.clone())))
        .collect();
    let oids: Vec<u32> = tables.iter().map(|(oid, _)| *oid).collect();
    let mut keys = pg::late_key_columns(session, &oids).await.map_err(pg::Error::from)?;
    Ok(tables.into_iter().map(|(oid, name)| (name, keys.remove(&oid).unwrap_or_default())).collect())
}

async fn ask(context: &Context) -> Result<Vec<Finding>> {
    let source = keys(context.source()?).await?;
    let target = keys(context.target()?).await?;
    let told =
        |key: &[String]| if key.is_empty() { "none".to_owned() } else { format!("({})", key.join(", ")) };
    let mut findings: Vec<Finding> = source
        .iter()
        .filter_map(|(name, key)| {
            let own = target.get(name).filter(|own| *own != key)?;
            let columns: Vec<String> = key.iter().map(|column| pg::Ident::new(column).to_string()).collect();
            let remedy = match key.is_empty() {
                true => String::new(),
                false => format!("alter table {name} add unique ({})", columns.join(", ")),
            };
            Some(Finding::new(
                Verdict::Warning,
                Place::Target,
                format!("table {name}"),
                format!(
                    "has key {}, and {} on the source: rows are found slowly, or refused as duplicates",
                    told(own),
                    told(key)
                ),
                remedy,
            ))
        })
        .collect();
    findings.sort_by(|one, other| one.object.cmp(&other.object));
    Ok(findings)
}
