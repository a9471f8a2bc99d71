//! Events of types that nobody knows: the batch stops in front of them, as the stock worker does.

use pg::Session;

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
    // the parent of the queue's event tables; the batch's transaction, which has failed, asks nothing more here
    let sql = "select format('delete from %s where ev_id = %s', queue_data_pfx, $2::int8) from pgq.queue where queue_name = $1";
    let row =
        provider.query_one(sql, &[&queue, &event]).await.during("asking for the queue's event tables")?;
    let sql = "select node_name from pgq_node.node_info where queue_name = $1";
    let node = provider.query_one(sql, &[&queue]).await.during("asking for the provider's name")?;
    let about = extra1.map(|extra1| format!(" (ev_extra1: {extra1})")).unwrap_or_default();
    let (provider, remedy): (String, String) = (node.get(0), row.get(0));
    Ok(Error::UnknownEvent {
        event,
        kind: kind.into(),
        about: about.into(),
        txid,
        queue: queue.into(),
        provider: provider.into(),
        remedy: remedy.into(),
    })
}
