//! Start of a batch: the transaction that writes it, and what is asked of the provider.

use apply::Decoder;
use pg::{Ask, Session};
use pgq::reading::{Events, Selection};
use pgq::{Batch, replay};
use tokio::sync::Mutex;

use crate::{Result, Worker, single_worker};

/// Begins the transaction that writes the batch. Its statements are sent together, in this order.
pub(crate) async fn begin(
    worker: &Worker,
    target: &Session,
    batch: &Batch,
    bypass_triggers: bool,
) -> Result<()> {
    let (begun, claimed, entered) = tokio::join!(
        biased;
        apply::begin(target, worker.config.limits),
        single_worker::claim(worker, target, batch),
        replay::enter(&**target, bypass_triggers)
    );
    begun?;
    claimed?;
    Ok(entered?)
}

/// Asks the provider for what a batch needs: new shapes, then its events. Nothing else can be asked before these end.
pub(crate) async fn ask(
    worker: &Worker,
    decoder: &Mutex<Decoder>,
    provider: &Session,
    batch: &Batch,
    selection: Selection<'_>,
) -> Result<Events> {
    let reading = batch.reading(provider).await?;
    let mut decoder = decoder.lock().await;
    let (news, events) = if decoder.knows_of_shapes() {
        // the first one is on its way before the other: answered behind the events, it would wait for ever
        let events = reading.events(provider, selection);
        let (news, events) = tokio::join!(biased; decoder.refresh_shapes(provider.plain()), events);
        (news?, events?)
    } else {
        (decoder.refresh_shapes(provider).await?, reading.events(provider, selection).await?)
    };
    if news {
        worker.noticed.ring();
    }
    Ok(events)
}
