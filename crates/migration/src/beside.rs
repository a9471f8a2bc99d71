//! One query asked of both sides, and the answers put beside each other.

use std::collections::{BTreeSet, HashSet};

use crate::catalog;
use crate::context::Context;
use crate::error::Result;

/// Something of the source.
pub(crate) struct Beside {
    pub(crate) name: String,
    /// The target has it as well.
    pub(crate) there: bool,
}

/// What the source has, by the query's only column.
pub(crate) async fn beside(context: &Context, sql: &str) -> Result<Vec<Beside>> {
    let source: BTreeSet<String> = names(catalog::rows(context.source()?, sql).await?).collect();
    let target: HashSet<String> = names(catalog::rows(context.target()?, sql).await?).collect();
    Ok(source.into_iter().map(|name| Beside { there: target.contains(&name), name }).collect())
}

fn names(rows: Vec<Vec<String>>) -> impl Iterator<Item = String> {
    rows.into_iter().filter_map(|row| row.into_iter().next())
}
