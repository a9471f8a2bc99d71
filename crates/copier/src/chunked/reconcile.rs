//! Reconciliation of a table's chunks, so that it is the source's at one tick.

use parts::fail_point;
use pgq::copy::{read_tick, record};
use pgq::{batch, replay};
use tokio::time::Instant;
use tracing::info;

use crate::Copier;
use crate::chunked::chunk::{Chunked, Look, look};
use crate::chunked::staging::Staging;
use crate::chunked::workers;
use crate::error::During;
use crate::outcome::{EXCHANGED, End, Going, SET_BACK};
use crate::schedule::connections::Sides;
use crate::states::copy_record;

/// Drains up to a tick made now.
async fn drain_to_now(
    copier: &Copier,
    sides: &mut Sides,
    chunked: &Chunked<'_>,
    staging: &mut Staging,
) -> Going<()> {
    let queue = copier.config.queue_name.as_str();
    let tick = batch::tick_now(&*sides.provider, queue).await?;
    let last = batch::last_tick(&*sides.provider, queue).await?.unwrap_or_default();
    staging.drain(copier, sides, chunked.info, chunked.run, Some(tick.unwrap_or(last + 1))).await
}

/// Copies all chunks that are still missing, then reconciles.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    chunked: &Chunked<'_>,
    staging: &mut Staging,
) -> Going<()> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let info = chunked.info;
    let allocator = workers::copy(copier, sides, chunked, staging).await?;
    copier.progress.reconciling(&info.name);
    let began = Instant::now();
    // a tick made now sees all that the chunks have seen
    drain_to_now(copier, sides, chunked, staging).await?;
    if staging.fetch_left_out(copier, sides, (chunked.source, info, chunked.run)).await? > 0 {
        drain_to_now(copier, sides, chunked, staging).await?;
    }
    // their numbers are ahead of all ticks that there are
    if read_tick::first(&*sides.target, queue, &[&info.name]).await?.is_some() {
        return Err(SET_BACK);
    }
    let name = &chunked.source.name;
    let Look { reading, files, relation, .. } = look(&mut sides.provider, chunked.source, "", name).await?;
    if relation != chunked.source.oid.to_string() {
        return Err(EXCHANGED);
    }
    chunked.files.check(reading.client(), &files).await?;
    reading.commit().await.during("ending a snapshot")?;
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let writing = sides.target.transaction().await.during("reconciling the chunks")?;
    let into: &pg::Client = writing.client();
    replay::enter(into, bypass_triggers).await?;
    let touched = staging.reconcile(into).await?;
    if !copy_record::holds(into, queue, &info.name, chunked.run.attempt).await? {
        return Err(End::Left);
    }
    record::set_rows_copied(into, queue, &info.name).await.during("reconciling the chunks")?;
    fail_point::reached("reconcile-before-commit");
    writing.commit().await.during("reconciling the chunks")?;
    fail_point::reached("reconcile-after-commit");
    info!(
        job,
        queue,
        table = info.name,
        chunks = allocator.chunks(),
        rows = allocator.rows,
        bytes = allocator.bytes,
        connections = allocator.most,
        binary = chunked.copying.binary,
        touched,
        reconcile_seconds = began.elapsed().as_secs_f64(),
        "table is copied"
    );
    Ok(())
}
