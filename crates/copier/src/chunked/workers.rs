//! All chunks of a table: by its own two connections, and by those that no other table needs now.

use std::pin::{Pin, pin};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use pgq::table;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info};

use crate::chunked::allocator::Allocator;
use crate::chunked::chunk::{Chunk, Chunked, PageShare};
use crate::chunked::staging::Staging;
use crate::chunked::{allocator, chunk};
use crate::error::During;
use crate::outcome::{End, Going};
use crate::rows::strategy;
use crate::schedule::connections::Sides;
use crate::schedule::priority::Rank;
use crate::throttle::state::Obstacle;
use crate::throttle::valve::living;
use crate::{Copier, Result};

/// How often events are drained between chunks.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a helper waits, where tables wait for their copies, before it looks again.
const LOOK: Duration = Duration::from_secs(1);

/// Copies all chunks that are still missing; answers what they come to, too.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    chunked: &Chunked<'_>,
    staging: &mut Staging,
) -> Going<Allocator> {
    let (job, queue, info) = (&copier.config.job_name, copier.config.queue_name.as_str(), chunked.info);
    let facts = strategy::facts(&sides.provider, chunked.source).await?;
    let allocator = Allocator::read(&copier.config, sides, info, &facts).await?;
    copier.progress.expect(&info.name, facts.bytes);
    copier.progress.resume(&info.name, allocator.rows, allocator.bytes);
    if allocator.chunks() > 0 {
        let (chunks, rows, bytes) = (allocator.chunks(), allocator.rows, allocator.bytes);
        info!(job, queue, table = info.name, chunks, rows, bytes, "the copy goes on behind what is there");
    }
    let crew =
        ChunkWorkers { copier, chunked, allocator: Mutex::new(allocator), leaving: AtomicBool::new(false) };
    Box::pin(crew.work(sides, staging)).await?;
    Ok(crew.allocator.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Whoever copies ranges of a table, and which ranges are taken.
struct ChunkWorkers<'a> {
    copier: &'a Copier,
    chunked: &'a Chunked<'a>,
    allocator: Mutex<Allocator>,
    /// No range is begun any more.
    leaving: AtomicBool,
}

/// The work of one more pair of connections.
type Helpers<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Going<()>> + Send + 'a>>>;

impl<'a> ChunkWorkers<'a> {
    fn allocator(&self) -> MutexGuard<'_, Allocator> {
        self.allocator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table's own connections copy, drain, and wait for the helpers. Between two ranges they are left to copies
    /// that have only to catch up:
    /// those would hold up the rotation of the source's queue, and the worker.
    async fn work(&'a self, sides: &mut Sides, staging: &mut Staging) -> Going<()> {
        let (copier, info, run) = (self.copier, self.chunked.info, self.chunked.run);
        let mut helpers = Helpers::new();
        let mut drained = Instant::now();
        loop {
            let mut drain = drained.elapsed() >= DRAIN;
            if sides.permit.must_leave(Rank::WannaSync, false) {
                self.leaving.store(true, Relaxed);
                while self.allocator().are_in_hand() {
                    if let Ok(Some(helped)) = timeout(LOOK, helpers.next()).await {
                        helped?;
                    }
                }
                return Err(End::Leaves);
            }
            if let Some(obstacle) = copier.gate.obstacle() {
                copier.progress.waits(&info.name, true);
                let open = timeout(DRAIN, living(&copier.report, copier.gate.open()));
                // whether it has opened is asked anew
                let _ = self.beside(&mut helpers, open).await?;
                // it may last for hours, in which the source must be able to rotate its queue
                drain = obstacle != Obstacle::Paused;
            } else {
                copier.progress.waits(&info.name, false);
                match self.take(sides).await? {
                    Some(share) => {
                        let chunk = Box::pin(self.chunk(sides, &share));
                        self.beside(&mut helpers, chunk).await??;
                    }
                    None if self.allocator().are_in_hand() => {
                        if let Ok(Some(helped)) = timeout(LOOK, helpers.next()).await {
                            helped?;
                        }
                    }
                    None => return Ok(()),
                }
            }
            if drain {
                let draining = Box::pin(staging.drain(copier, sides, info, run, None));
                self.beside(&mut helpers, draining).await??;
                drained = Instant::now();
            }
        }
    }

    /// Works while helpers do, until one of them has found that the whole has come to an end.
    async fn beside<T>(&'a self, helpers: &mut Helpers<'a>, work: impl Future<Output = T>) -> Going<T> {
        let mut work = pin!(work);
        loop {
            while helpers.len() + 1 < self.copier.gate.copies() && self.allocator().need_help() {
                helpers.push(Box::pin(self.help()));
            }
            tokio::select! {
                done = &mut work => return Ok(done),
                Some(helped) = helpers.next(), if !helpers.is_empty() => helped?,
                // there may be more slots than before
                () = sleep(LOOK) => {}
            }
        }
    }

    /// Copies ranges over connections that no table needs, as long as there are ranges enough.
    async fn help(&self) -> Going<()> {
        let (copier, info) = (self.copier, self.chunked.info);
        let needed = || self.allocator().need_help() && !self.leaving.load(Relaxed);
        while needed() {
            // whoever gives connections back is not waited for by the clock
            if timeout(LOOK, copier.permits.become_spare()).await.is_err() {
                continue;
            }
            if let Some(mut sides) = self.spare().await? {
                debug!(queue = copier.config.queue_name, table = info.name, "another connection helps");
                while needed() && self.may_help(&sides.target).await? {
                    let Some(share) = self.take(&sides).await? else { break };
                    Box::pin(self.chunk(&mut sides, &share)).await?;
                }
            }
            if needed() && copier.permits.has_spare() {
                sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// Connections to both sides that are free.
    async fn spare(&self) -> Result<Option<Sides>> {
        let may_help = {
            let node = self.copier.connections.report().await?;
            self.may_help(&node).await?
        };
        let Some(permit) = may_help.then(|| self.copier.permits.spare()).flatten() else { return Ok(None) };
        self.copier.connections.open(&self.chunked.info.name, permit).await.map(Some)
    }

    /// Tables that wait for their copy come first.
    async fn may_help(&self, node: &pg::Client) -> Result<bool> {
        if self.copier.gate.obstacle().is_some() || !self.copier.permits.is_empty() {
            return Ok(false);
        }
        let waits = table::any_waits(node, &self.copier.config.queue_name).await;
        Ok(!waits.during("looking for tables that wait for their copy")?)
    }

    async fn take(&self, sides: &Sides) -> Result<Option<PageShare>> {
        let heaps = allocator::heaps(sides, self.chunked.source).await?;
        Ok(self.allocator().take(heaps, self.copier.gate.rate()))
    }

    async fn chunk(&self, sides: &mut Sides, share: &PageShare) -> Going<()> {
        let began = Instant::now();
        let deadline = self.allocator().time_limit().map(|limit| began + limit);
        match chunk::copy(self.copier, sides, self.chunked, share, deadline).await? {
            Chunk::Copied(copied) => self.allocator().copied(share, &copied, began.elapsed()),
            Chunk::GivenUp(bytes) => {
                let slow = !self.copier.gate.limits().is_held();
                self.allocator().given_up(share, slow, bytes, began.elapsed());
            }
        }
        Ok(())
    }
}
