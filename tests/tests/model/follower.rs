//! The leaf: what its worker does with a batch, without the worker around it.
use std::collections::BTreeMap;

use apply::{Applier, Decoded, Decoder, Options};
use futures_util::TryStreamExt;
use pgq::batch::{self, Collect};
use pgq::{reading, replay};
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

    /// Applies a batch; once more, where rows were in each other's way, with the final rows of their tables only.
    async fn apply(&mut self, batch: &batch::Batch) -> Result<(), String> {
        loop {
            let error = match self.attempt(batch).await {
                Ok(changes) => {
                    self.changes += changes;
                    self.appliers.values_mut().for_each(Applier::gather_no_more);
                    return Ok(());
                }
                Err(error) => error,
            };
            let Some(applier) = self.appliers.get_mut(&self.chunk) else { return Err(error.to_string()) };
            self.target.batch_execute("rollback").await.map_err(|error| error.to_string())?;
            applier.reset();
            let table = match &error {
                Error::Apply(error) if error.is_collision() => error.table().unwrap_or_default(),
                _ => return Err(error.to_string()),
            };
            if !applier.gather(&self.target, table).await.map_err(|error| error.to_string())? {
                return Err(error.to_string());
            }
        }
    }

    /// Applies a batch in one transaction; returns the number of its changes.
    async fn attempt(&mut self, batch: &batch::Batch) -> Result<u64, Error> {
        let target = &self.target;
        let options =
            Options { bypass_triggers: self.bypass, chunk_changes: self.chunk, ..Options::default() };
        let applier = self.appliers.entry(self.chunk).or_insert_with(|| Applier::new(options));
        apply::begin(target, pg::Limits::default()).await?;
        replay::enter(target, self.bypass).await.map_err(Error::other)?;
        self.decoder.refresh_shapes(&self.provider).await?;
        // small portions: nearly each tick is one
        let reading = batch.reading_in_portions(&self.provider, "model", 3).await.map_err(Error::other)?;
        let events = reading.events(&self.provider, reading::Selection::All).await;
        let mut events = events.map_err(Error::other)?;
        let mut changes = 0;
        let mut writing = applier.writing(target);
        while let Some(event) = events.try_next().await.map_err(Error::other)? {
            match self.decoder.decode(&event)? {
                Decoded::Change(change) => {
                    writing.push(change).await?;
                    changes += 1;
                }
                other => return Err(Error::Other(format!("no change: {other:?}"))),
            }
        }
        writing.finish().await?;
        target.batch_execute("commit").await.map_err(|error| Error::Other(format!("commit: {error:?}")))?;
        Ok(changes)
    }
}

/// Why a batch was not applied.
enum Error {
    Apply(apply::Error),
    Other(String),
}

impl Error {
    fn other(error: impl std::fmt::Display) -> Error {
        Error::Other(error.to_string())
    }
}

impl From<apply::Error> for Error {
    fn from(error: apply::Error) -> Error {
        Error::Apply(error)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Apply(error) => error.fmt(f),
            Error::Other(error) => error.fmt(f),
        }
    }
}
