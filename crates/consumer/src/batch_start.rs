//! Start of a batch: the transaction that writes it, and what is asked of the provider.

use apply::Decoder;
use pg::{Ask, Session};
use pgq::reading::{Events, Selection};
use pgq::{Batch, replay};
use tokio::sync::Mutex;

use crate::{Result, Worker, single_worker};

/// Events that the provider sorts before it sends the first of a large batch, about.
const PORTION: i64 = 20_000;
/// A batch that may be large has so many ticks: for one of fewer nobody asks.
const MANY_TICKS: i64 = 8;

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
    let queue = &worker.config.queue_name;
    let reading = if batch.tick - batch.previous_tick < MANY_TICKS {
        batch.reading(provider).await?
    } else {
        batch.reading_in_portions(provider, queue, PORTION).await?
    };
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
