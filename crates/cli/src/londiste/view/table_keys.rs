//! Keys by which changed rows are found, of tables where that is not the primary key.

use anyhow::Result;
use pgq::table::{self, MergeState, TableInfo};

use crate::londiste::support::job::{Job, Node};

/// Names of tables on this node with what is to be said of their keys. The root's capture decides on them; where the
/// provider cannot be reached, that is said once.
pub(crate) async fn remarks(job: &Job, local: &Node, tables: &[TableInfo]) -> Result<Vec<(String, String)>> {
    if local.is_root() {
        let keys = table::captured_keys(&*local.session, job.queue()).await?;
        return Ok(table::key_remarks(&*local.session, &of(&keys, tables)).await?);
    }
    let provider = match job.provider_of(&local.info).await {
        Ok(provider) => provider,
        Err(error) => {
            job.terminal.warn(&format!("keys that are not primary keys cannot be shown: {error:#}"));
            return Ok(Vec::new());
        }
    };
    let keys = table::captured_keys(&*provider.session, job.queue()).await?;
    Ok(table::key_remarks(&*local.session, &of(&keys, tables)).await?)
}

/// Tables on this node with their keys. A table that is being copied lacks indexes for now.
fn of(keys: &[table::CapturedKey], tables: &[TableInfo]) -> Vec<table::CapturedKey> {
    let dest = |key: &table::CapturedKey| {
        let info = tables.iter().find(|info| info.name == key.table && info.state == MergeState::Ok)?;
        Some(table::CapturedKey { table: info.dest().to_owned(), key: key.key.clone() })
    };
    keys.iter().filter_map(dest).collect()
}
