//! A pair of snapshots: one of the source, and one of the target that has everything that the first one sees.
//!
//! The worker commits rows and position together. So a snapshot of the target knows up to which tick its rows are the
//! source's, and what lies between is in the queue: events that the first snapshot does not see and the tick's does.

use std::time::{Duration, Instant};

use pgq::between::{self, Rotation};
use pgq::position::{self, Mark};
use pgq::{Snapshot, batch, comparison, node};
use tokio::time::sleep;

use crate::error::During;
use crate::side::Sides;
use crate::{Config, Error, Observer, Result};

/// When the target is asked whether it has come far enough: soon at first, since most targets have within a moment.
const SOON: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(100);
/// Whoever waits longer is told why.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both snapshots, open in the sessions.
#[derive(Debug)]
pub(crate) struct Pair {
    /// What the source's snapshot sees.
    pub(crate) seen: Snapshot,
    /// The tick that the target's snapshot has.
    pub(crate) tick: i64,
    pub(crate) mark: Mark,
    /// What that tick sees.
    pub(crate) until: Snapshot,
    rotation: Rotation,
    opened: Instant,
}

impl Pair {
    /// Opens a pair; waits as long as it takes until the target is there.
    pub(crate) async fn open(sides: &Sides, config: &Config, observer: &mut dyn Observer) -> Result<Pair> {
        let queue = config.queue.as_str();
        let mut rotation = between::rotation(&*sides.provider, queue).await?;
        let mut seen = of_source(sides, config).await?;
        let mut opened = Instant::now();
        let began = Instant::now();
        let (mut told, mut pause) = (None, SOON);
        loop {
            begin(&sides.target, config).await?;
            if let Some(tick) = node::worker_position(&*sides.target, queue).await? {
                let kept = position::kept(&*sides.target, queue, &config.consumer).await?;
                let mark = position::mark(&*sides.provider, queue, tick).await?;
                let mark = mark.ok_or_else(|| Error::NoTick { queue: queue.to_owned(), tick })?;
                if kept.is_some_and(|kept| !kept.may_be(tick, &mark, &kept.provider)) {
                    return Err(Error::NoTick { queue: queue.to_owned(), tick });
                }
                let until = match config.last_tick {
                    Some(last) if last == tick => seen.clone(),
                    _ => snapshot(&mark.snapshot, queue)?,
                };
                if until.covers(&seen) {
                    return Ok(Pair { seen, tick, mark, until, rotation, opened });
                }
            }
            close(&sides.target).await?;
            if config.is_stopped() || comparison::is_to_stop(&*sides.record, queue).await? {
                return Err(Error::Stopped);
            }
            // a target that lags, or stands still, must not hold VACUUM back on the source
            if opened.elapsed() >= config.slice {
                close(&sides.source).await?;
                rotation = between::rotation(&*sides.provider, queue).await?;
                seen = of_source(sides, config).await?;
                opened = Instant::now();
            }
            if began.elapsed() > PATIENCE && told.is_none_or(|at: Instant| at.elapsed() > 6 * PATIENCE) {
                observer.waits(
                    "the target has not applied what the source has: is its worker running, \
                     and not paused? (status)",
                );
                told = Some(Instant::now());
            }
            sleep(pause).await;
            pause = (2 * pause).min(LOOK);
        }
    }

    /// How long the snapshots have been open.
    pub(crate) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Whether the events between the snapshots were still all there now.
    pub(crate) async fn is_whole(&self, sides: &Sides, config: &Config) -> Result<bool> {
        Ok(self.rotation.keeps_until(&between::rotation(&*sides.provider, &config.queue).await?))
    }
}

/// What a session sees now.
pub(crate) async fn now(session: &pg::Session, config: &Config) -> Result<Snapshot> {
    let row = session.query_one("select txid_current_snapshot()::text", &[]).await;
    snapshot(row.during("taking a snapshot of the source")?.get(0), &config.queue)
}

/// Opens a snapshot of the source, and makes a tick that sees no less.
pub(crate) async fn of_source(sides: &Sides, config: &Config) -> Result<Snapshot> {
    begin(&sides.source, config).await?;
    let seen = now(&sides.source, config).await?;
    // whoever makes ticks by the clock would let us wait for a second
    batch::tick_now(&*sides.provider, &config.queue).await?;
    Ok(seen)
}

/// Gives up whatever snapshots are open.
pub(crate) async fn close_both(sides: &Sides) -> Result<()> {
    close(&sides.source).await?;
    close(&sides.target).await
}

async fn begin(session: &pg::Session, config: &Config) -> Result<()> {
    let limits = config.limits.unhurried().as_local_sql();
    let sql = format!("begin isolation level repeatable read read only; {limits}");
    session.batch_execute(&sql).await.during("beginning a snapshot")
}

async fn close(session: &pg::Session) -> Result<()> {
    session.batch_execute("rollback").await.during("giving a snapshot up")
}

pub(crate) fn snapshot(text: &str, queue: &str) -> Result<Snapshot> {
    text.parse().map_err(|_| Error::Record { table: queue.to_owned(), text: text.to_owned() })
}
