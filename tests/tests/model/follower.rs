//! The leaf: what its worker does with a batch, without the worker around it.
use std::collections::BTreeMap;

use apply::{Applier, Decoded, Decoder, Options};
use futures_util::TryStreamExt;
use pgq::batch::{self, Collect};
use pgq::replay;
use tokio_postgres::{Client, Statement};

use crate::round;

pub(crate) struct Follower {
    pub(crate) provider: Client,
    pub(crate) target: Client,
    digest: Statement,
    bypass: bool,
    decoder: Decoder,
    /// One for each size of chunks, since what they know of the tables is worth keeping.
    appliers: BTreeMap<usize, Applier>,
    chunk: usize,
    /// Changes applied so far.
    pub(crate) changes: u64,
}

impl Follower {
    pub(crate) async fn start(provider: Client, target: Client, digest: Statement, bypass: bool) -> Follower {
        apply::pin_session(&target).await.expect("a pinned session");
        assert_eq!(replay::may_bypass_triggers(&target).await.expect("an answer"), bypass);
        let (decoder, appliers) = (Decoder::new(), BTreeMap::new());
        Follower { provider, target, digest, bypass, decoder, appliers, chunk: 1, changes: 0 }
    }

    pub(crate) async fn digests(&self) -> Vec<String> {
        round::digests(&self.target, &self.digest).await
    }

    /// From now on, chunks are of this many changes.
    pub(crate) fn cut(&mut self, chunk: usize) {
        self.chunk = chunk;
    }

    /// Applies all batches up to the newest tick: each tick by itself, or together.
    pub(crate) async fn catch_up(&mut self, together: bool) -> Result<(), String> {
        let collect = Collect { at_most: together.then_some(100_000), ..Collect::default() };
        let take = async |client: &Client| {
            batch::next(client, "model", "follower", collect).await.map_err(|error| error.to_string())
        };
        while let Some(batch) = take(&self.provider).await? {
            self.apply(&batch).await?;
            batch::finish(&self.provider, &batch).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    async fn apply(&mut self, batch: &batch::Batch) -> Result<(), String> {
        let target = &self.target;
        let options =
            Options { bypass_triggers: self.bypass, chunk_changes: self.chunk, ..Options::default() };
        let applier = self.appliers.entry(self.chunk).or_insert_with(|| Applier::new(options));
        apply::begin(target, pg::Limits::default()).await.map_err(|error| error.to_string())?;
        replay::enter(target, self.bypass).await.map_err(|error| error.to_string())?;
        self.decoder.refresh_shapes(&self.provider).await.map_err(|error| error.to_string())?;
        let events = batch::events(&self.provider, batch, None).await;
        let mut events = events.map_err(|error| error.to_string())?;
        while let Some(event) = events.try_next().await.map_err(|error| error.to_string())? {
            match self.decoder.decode(&event).map_err(|error| error.to_string())? {
                Decoded::Change(change) => {
                    applier.push(target, change).await.map_err(|error| error.to_string())?;
                    self.changes += 1;
                }
                other => return Err(format!("no change: {other:?}")),
            }
        }
        applier.flush(target).await.map_err(|error| error.to_string())?;
        target.batch_execute("commit").await.map_err(|error| format!("commit: {error:?}"))
    }
}
