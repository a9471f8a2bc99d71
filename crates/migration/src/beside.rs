//! One query asked of both sides, and the answers put beside each other.

use std::collections::BTreeMap;

use crate::catalog;
use crate::context::Context;
use crate::error::Result;

/// Something of the source, and the same of the target where it is there: the columns behind the first one.
pub(crate) struct Beside {
    pub(crate) name: String,
    pub(crate) source: Vec<String>,
    pub(crate) target: Option<Vec<String>>,
}

/// What the source has, by the query's first column, with what the target has under the same name.
pub(crate) async fn beside(context: &Context, sql: &str) -> Result<Vec<Beside>> {
    let source = catalog::rows(context.source()?, sql).await?;
    let mut target = by_name(catalog::rows(context.target()?, sql).await?);
    let pairs = by_name(source).into_iter().map(|(name, source)| {
        let target = target.remove(&name);
        Beside { name, source, target }
    });
    Ok(pairs.collect())
}

fn by_name(rows: Vec<Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let split = rows.into_iter().filter_map(|mut row| {
        let name = (!row.is_empty()).then(|| row.remove(0))?;
        Some((name, row))
    });
    split.collect()
}
