//! Single worker for each batch: the last guard, where a process goes on that has lost its node's lock, or takes none
//! as an older version does.

use pg::Session;
use pgq::Batch;
use pgq::worker_lock;

use crate::error::During;
use crate::{Error, Result, Worker};

/// Makes the transaction in hand the only one that applies a batch of this node, as long as it lasts. What was read of
/// the position before may have changed until then.
///
/// # Errors
/// [`Error::Rival`]: another session applies a batch, or has applied this one.
pub(crate) async fn claim(worker: &Worker, target: &Session, batch: &Batch) -> Result<()> {
    let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
    // sent together, in this order: two statements, so that the second one sees what was committed before the lock was
    // had
    let locked =
        async { worker_lock::try_take(&**target, queue, consumer).await.during("claiming the batch") };
    let (locked, state) = tokio::try_join!(biased; locked, worker.state(target))?;
    let rival = if !locked {
        let holder = worker_lock::holder(&**target, queue, consumer).await;
        match holder.during("looking who works on the node")? {
            Some(holder) => holder.to_string(),
            None => "it has ended just now".to_owned(),
        }
    } else if state.completed_tick != batch.previous_tick {
        format!("it has applied tick {} just now", state.completed_tick)
    } else {
        return Ok(());
    };
    Err(Error::Rival { consumer: consumer.to_owned(), queue: queue.to_owned(), rival })
}
