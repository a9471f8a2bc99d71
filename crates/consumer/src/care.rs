//! Care for a new root behind its switch: materialized views and statistics, beside everything else that it does.

use pg::Session;
use pgq::{Purpose, switch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::During;
use crate::{Result, Worker};

/// Does what is left, over a session of its own. One view that fails stops no other; what is not done is said.
///
/// # Errors
/// The connection is lost.
pub(crate) async fn run(worker: &Worker, target: &Session, stop: &CancellationToken) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let statements = switch::care(&**target, queue).await?;
    if statements.is_empty() {
        return Ok(());
    }
    let db = worker.db()?.within(worker.config.limits.unhurried());
    let session =
        Session::connect(&db, &worker.session_name(Purpose::Care)).await.during("this node (db)")?;
    let mut failed = 0;
    for (number, (object, statement)) in statements.iter().enumerate() {
        if stop.is_cancelled() {
            return Ok(());
        }
        let progress = format!("{} of {}: {object}", number + 1, statements.len());
        switch::cared(&*session, queue, &progress).await?;
        if let Err(error) = session.batch_execute(statement).await.map_err(pg::Error::from) {
            if error.is_connection_lost() {
                return Err(error).during("refreshing materialized views and statistics");
            }
            failed += 1;
            warn!(job, queue, object, "behind the switch, {statement} failed: {error}");
        }
    }
    switch::cared(&*session, queue, "done").await?;
    info!(job, queue, failed, "materialized views are refreshed and statistics gathered behind the switch");
    Ok(())
}
