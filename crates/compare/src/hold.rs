//! Moment of the target at which a repair writes: its worker stands still at a tick that sees what a snapshot of the
//! source sees.

use std::time::Duration;

use apply::{Applier, Change};
use pgq::{Snapshot, node, position, replay};
use tokio::time::sleep;

use crate::error::During;
use crate::pair::snapshot;
use crate::side::Sides;
use crate::subject::Subject;
use crate::{Config, Error, Result};

/// How often the target is asked whether it has what a snapshot of the source sees, and how many times.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: usize = 200;

/// Why a row is left that was written and read again.
pub(crate) const CHANGED: &str =
    "what was written is not what the source has: a trigger of the target's, or another type, changes it";

/// Opens a transaction in which the worker commits no batch, at a tick that sees what `seen` does; answers what that
/// tick sees. `None` where it cannot be now.
pub(crate) async fn hold(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    seen: &Snapshot,
) -> Result<Option<Snapshot>> {
    if !is_reached(sides, config, seen).await? {
        return Ok(None);
    }
    apply::begin(&sides.record, config.limits).await?;
    sides.record.batch_execute("set local lock_timeout = '1s'").await.during("limiting a wait")?;
    // the worker may write its next batch, but not commit it
    let Some(tick) = position::hold(&*sides.record, &config.queue, &config.consumer).await? else {
        return Ok(None);
    };
    let mark = position::mark(&*sides.provider, &config.queue, tick).await?;
    let mark = mark.ok_or_else(|| Error::NoTick { queue: config.queue.clone(), tick })?;
    let until = snapshot(&mark.snapshot, &config.queue)?;
    let holds = until.covers(seen) && is_ok(sides, config, &subject.name).await?;
    Ok(holds.then_some(until))
}

/// Writes changes in the transaction that [`hold`] has opened, as replay does.
pub(crate) async fn write(sides: &Sides, applier: &mut Applier, changes: Vec<Change>) -> Result<()> {
    replay::enter(&*sides.record, replay::may_bypass_triggers(&*sides.record).await?).await?;
    let mut writing = applier.writing(&sides.record);
    for change in changes {
        writing.push(change).await?;
    }
    writing.finish().await?;
    applier.check_deferred(&sides.record).await?;
    Ok(())
}

/// Ends the transaction, and with it the worker's wait.
pub(crate) async fn commit(sides: &Sides) -> Result<()> {
    sides.record.batch_execute("commit").await.during("committing a repair")
}

/// Waits until the target has all that the source's snapshot sees.
async fn is_reached(sides: &Sides, config: &Config, seen: &Snapshot) -> Result<bool> {
    let queue = config.queue.as_str();
    for _ in 0..LOOKS {
        if let Some(tick) = node::worker_position(&*sides.record, queue).await?
            && let Some(mark) = position::mark(&*sides.provider, queue, tick).await?
            && snapshot(&mark.snapshot, queue)?.covers(seen)
        {
            return Ok(true);
        }
        sleep(LOOK).await;
    }
    Ok(false)
}

async fn is_ok(sides: &Sides, config: &Config, table: &str) -> Result<bool> {
    let parked = pgq::table::parked(&*sides.record, &config.queue).await?;
    let info = pgq::table::get(&*sides.record, &config.queue, table).await?;
    let ok = info.is_some_and(|info| info.local && info.state == pgq::table::MergeState::Ok);
    Ok(ok && !parked.iter().any(|parked| parked.table == table))
}

/// Somebody else was in the way.
pub(crate) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Server { source, .. } => source.is_lock_timeout() || source.is_retryable(),
        Error::Pgq(pgq::Error::Sql { source, .. }) => source.is_lock_timeout() || source.is_retryable(),
        Error::Apply(error) => {
            error.code().is_some_and(|code| ["55P03", "40P01", "40001"].contains(&code.code()))
        }
        _ => false,
    }
}
