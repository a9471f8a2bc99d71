//! Standby: the wait for a node's lock while another process has it.
//!
//! A second process with the same ini file, mostly on another machine, tries now and then. It does not wait in a
//! statement, whose snapshot would hold up VACUUM. The server ends the holder's session soon after its machine has
//! vanished; a holder that stands still is ended from here.

use std::sync::Arc;
use std::time::Duration;

use pg::Session;
use pgq::{Purpose, worker_lock};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::error::During;
use crate::node_lock::NodeLock;
use crate::{Result, Worker};

/// Between two tries while another process has the lock.
const TRY: Duration = Duration::from_secs(2);
/// How often, and with which pause, it is tried first: a process that has just ended lets go of it in a moment.
const FIRST_TRIES: (u32, Duration) = (5, Duration::from_millis(200));
/// A holder that gives no sign of life for so long stands still, or a machine between answers in its place.
const SILENT: Duration = Duration::from_secs(9);

/// Takes the lock, and stands by as long as another process has it. `None`: stopped meanwhile.
///
/// # Errors
/// The node is not reached, or the connection was lost.
pub(crate) async fn take(worker: &Worker, stop: &CancellationToken) -> Result<Option<NodeLock>> {
    let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
    let session = connect(worker).await?;
    let _watched = pg::enlist(&worker.db()?, session.backend_pid());
    let (first, short) = FIRST_TRIES;
    let mut tries = 0;
    while !worker_lock::try_take_node(&**session, queue, consumer).await.during("taking the node's lock")? {
        tries += 1;
        if tries > first && tries % 2 == 0 {
            stand_by(worker, &session, tries == first + 1).await?;
        }
        worker.report.sign();
        let pause = if tries > first { TRY } else { short };
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return Ok(None);
        }
    }
    let taken_over = tries > first;
    if taken_over {
        let job = worker.config.job_name.as_str();
        info!(job, queue, "the process that worked on this node is gone: this one takes over");
    }
    worker.report.active();
    Ok(Some(NodeLock::of(session, taken_over)))
}

/// Has the lock held by a new session: the one of a root serves its time like others.
pub(crate) async fn renew(
    worker: &Worker,
    lock: NodeLock,
    stop: &CancellationToken,
) -> Result<Option<NodeLock>> {
    let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
    let session = connect(worker).await?;
    lock.release(&worker.config).await?;
    match worker_lock::try_take_node(&**session, queue, consumer).await.during("taking the node's lock")? {
        true => Ok(Some(NodeLock::of(session, false))),
        false => take(worker, stop).await,
    }
}

/// Ends what the process that had the lock has left on the server.
pub(crate) async fn end_former(worker: &Worker, session: &Session) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let ended = worker_lock::end_former(&**session, job).await;
    let ended = permitted(ended.during("ending sessions left behind"))?.unwrap_or_default();
    if ended > 0 {
        info!(job, queue, ended, "sessions that another process of this job has left are ended");
    }
    Ok(())
}

/// What a server answers that lets this role end sessions; `None` where one does not.
fn permitted<T>(ended: Result<T>) -> Result<Option<T>> {
    match ended {
        Ok(ended) => Ok(Some(ended)),
        Err(error) if error.is_connection_lost() => Err(error),
        Err(error) => {
            debug!("sessions of processes that are gone end by themselves only: {error}");
            Ok(None)
        }
    }
}

async fn connect(worker: &Worker) -> Result<Arc<Session>> {
    let name = worker.session_name(Purpose::Node);
    // unwatched: its signs of life say nothing of the work over other sessions
    let session = Session::open(&worker.db()?, &name).await.during("this node (db)")?;
    session.end_soon_after_client().await.during("this node (db)")?;
    Ok(Arc::new(session))
}

/// Another process works on the node: nothing of it is done here.
async fn stand_by(worker: &Worker, session: &Session, first: bool) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let consumer = worker.config.consumer();
    let holder = worker_lock::node_holder(&**session, queue, consumer).await;
    let holder = holder.during("looking who works on the node")?.map_or_else(String::new, |h| h.to_string());
    worker.rest(&holder).await;
    if first {
        info!(
            job,
            queue,
            "standby: another process works on this node ({holder}); this one takes over when it is gone"
        );
    }
    let ended = worker_lock::end_idle_node_holder(&**session, queue, consumer, SILENT).await;
    if let Some(holder) = permitted(ended.during("looking who works on the node"))?.flatten() {
        warn!(job, queue, "the process that works on this node stands still, its session is ended: {holder}");
    }
    Ok(())
}
