//! Events of types that nobody knows: the batch stops in front of them, as the stock worker does.

use pg::Session;
use pgq::{node, queue};

use crate::error::During;
use crate::{Error, Result, Worker};

/// The error of such an event: who wrote it where, and the statement that takes it out of the provider's queue.
///
/// # Errors
/// Those of asking the provider and this node.
pub(crate) async fn event(
    worker: &Worker,
    provider: &Session,
    event: i64,
    txid: i64,
    kind: String,
    extra1: Option<String>,
) -> Result<Error> {
    let queue = worker.config.queue_name.clone();
    // the batch's transaction, which has failed, asks nothing more here
    let remedy = queue::removal_of_event(&**provider, &queue, event).await;
    let remedy = remedy.during("asking for the queue's event tables")?;
    let node = node::name(&**provider, &queue).await.during("asking for the provider's name")?;
    let about = extra1.map(|extra1| format!(" (ev_extra1: {extra1})")).unwrap_or_default();
    Ok(Error::UnknownEvent {
        event,
        kind: kind.into(),
        about: about.into(),
        txid,
        queue: queue.into(),
        provider: node.into(),
        remedy: remedy.into(),
    })
}
