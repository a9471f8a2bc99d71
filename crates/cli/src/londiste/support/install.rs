//! Installation of the SQL schemas where a node is created and they are missing.

use anyhow::{Context, Result};
use pg::Session;

use crate::londiste::support::job::Job;

/// Installs what is missing and says so.
pub(crate) async fn schemas(job: &Job, session: &mut Session) -> Result<()> {
    let at = || format!("installing the schemas in {}", job.settings.db);
    let transaction = session.transaction().await.map_err(pg::Error::from)?;
    let installed = pgq::install::install(&transaction).await.with_context(at)?;
    transaction.commit().await.map_err(pg::Error::from).with_context(at)?;
    if !installed.created.is_empty() {
        job.terminal.say(&format!("installed: {}", installed.created.join(", ")));
    }
    if !installed.stock.is_empty() {
        job.terminal.say(&format!("stock extensions in use: {}", installed.stock.join(", ")));
    }
    Ok(())
}
