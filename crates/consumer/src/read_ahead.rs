//! Read-ahead of a batch: while the target works on one chunk, the next one is read and decoded.

use std::collections::HashSet;
use std::sync::Arc;

use apply::{Decoded, Decoder};
use futures_util::TryStreamExt;
use pgq::reading::Events;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::progress::Progress;
use crate::{Error, Result};

/// A block is handed over when it has this many events, or changes of this many bytes.
const BLOCK_EVENTS: u64 = 512;
const BLOCK_BYTES: usize = 256 << 10;
/// Blocks that wait for the writer, at most, which bounds the memory: as many as come while it plans a chunk. The next
/// chunk itself is gathered while the target works on the one before.
const BLOCKS: usize = 12;

/// What a block holds for the writer; an event that cannot be decoded is its business too.
pub(crate) type Item = apply::Result<Decoded>;

/// What comes next of a batch.
pub(crate) enum Next {
    Item(Item),
    /// Progress is to be told.
    TimeToTell,
}

enum Block {
    Some {
        events: u64,
        /// Number of the last one.
        last: i64,
        items: Vec<Item>,
    },
    /// All has been read. A reader that ends without having said so has failed.
    End,
}

/// A batch that is being read.
pub(crate) struct ReadAhead {
    blocks: mpsc::Receiver<Result<Block>>,
    items: std::vec::IntoIter<Item>,
    /// Ends the reader when this is dropped.
    _reader: JoinSet<()>,
}

impl ReadAhead {
    /// Begins to read. Of tables that are not `wanted` nothing is even decoded: it may be what they are parked for. An
    /// event whose type nobody knows is an error, whatever table it names.
    pub(crate) fn read(decoder: &Arc<Mutex<Decoder>>, events: Events, wanted: HashSet<String>) -> ReadAhead {
        let (sender, blocks) = mpsc::channel(BLOCKS);
        let decoder = Arc::clone(decoder);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            // a writer that has gone away is no failure of the reader
            let read = Box::pin(read(&decoder, events, &wanted, &sender)).await;
            let _ = sender.send(read.map(|()| Block::End)).await;
        });
        ReadAhead { blocks, items: Vec::new().into_iter(), _reader: reader }
    }

    /// What comes next; `None` at the batch's end. Counts the events that have come.
    ///
    /// # Errors
    /// The provider's.
    pub(crate) async fn next(&mut self, progress: &mut Progress<'_>) -> Result<Option<Next>> {
        loop {
            if let Some(item) = self.items.next() {
                return Ok(Some(Next::Item(item)));
            }
            match self.blocks.recv().await {
                Some(Ok(Block::Some { events, last, items })) => {
                    self.items = items.into_iter();
                    if progress.count(events, last) {
                        return Ok(Some(Next::TimeToTell));
                    }
                }
                Some(Ok(Block::End)) => return Ok(None),
                Some(Err(error)) => return Err(error),
                None => return Err(Error::ReaderGone),
            }
        }
    }
}

async fn read(
    decoder: &Mutex<Decoder>,
    mut events: Events,
    wanted: &HashSet<String>,
    sender: &mpsc::Sender<Result<Block>>,
) -> Result<()> {
    let mut decoder = decoder.lock().await;
    let (mut items, mut count, mut bytes, mut last) = (Vec::new(), 0, 0, 0);
    while let Some(event) = events.try_next().await? {
        (count, last) = (count + 1, event.id);
        let unwanted = event.extra1.as_ref().is_some_and(|table| !wanted.contains(table));
        if !unwanted || Decoder::is_control(&event) || !Decoder::knows(&event) {
            let decoded = match decoder.decode(&event) {
                Ok(Decoded::Unknown) => Err(apply::Error::UnknownEvent {
                    event_id: event.id,
                    txid: event.txid,
                    kind: event.kind.clone(),
                    extra1: event.extra1.clone(),
                }),
                decoded => decoded,
            };
            if let Ok(Decoded::Change(change)) = &decoded {
                bytes += change.size();
            }
            items.push(decoded);
        }
        if count >= BLOCK_EVENTS || bytes >= BLOCK_BYTES {
            let block = Block::Some { events: count, last, items: std::mem::take(&mut items) };
            if sender.send(Ok(block)).await.is_err() {
                return Ok(());
            }
            (count, bytes) = (0, 0);
        }
    }
    let _ = sender.send(Ok(Block::Some { events: count, last, items })).await;
    Ok(())
}
