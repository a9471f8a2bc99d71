//! Catch-up of a copy: its own consumer replays what its snapshot did not see, then hands the table over to the worker.
//!
//! From `wanna-sync:t` on, t is the batch in hand and not applied; the worker's half of the hand-over is in crate
//! `consumer`.
//!
//! Tables that were copied together do all of this together: they share snapshot, state and position. Each has a
//! consumer of its own all the same, so that any of them can go on alone from wherever it is. Only that of the first
//! one takes batches; the others are moved behind it.

use std::time::Duration;

use parts::bell::Listener;
use parts::fail_point;
use pgq::copy::{index, read_tick};
use pgq::table::{self, MergeState, TableInfo};
use pgq::{Batch, batch, node};
use tokio::time::Instant;
use tracing::info;

use crate::error::During;
use crate::indexes::drop_and_restore;
use crate::outcome::After;
use crate::schedule::connections::Sides;
use crate::schedule::group::{CopyGroup, Verdict};
use crate::schedule::priority::Rank;
use crate::states::group_state::Tables;
use crate::states::replay::Replay;
use crate::{Copier, Error, Result};

/// How often it is counted what is still to come.
const TELL: Duration = Duration::from_secs(1);
/// A copy that has nothing to do for so long leaves its connections to any other that has: what it waits for may take
/// long.
const IDLE: Duration = Duration::from_secs(1);

/// Catches up, to the end or as far as it goes now. Tables of the group whose state becomes another than that of the
/// first one leave it.
pub(crate) async fn run(
    copier: &Copier,
    sides: &mut Sides,
    first: TableInfo,
    group: &mut CopyGroup,
) -> Result<After> {
    let queue = copier.config.queue_name.as_str();
    if group.is_empty() {
        align(copier, sides).await?;
        *group = gather(copier, sides, &first).await?;
    }
    if first.dropped_ddl.is_some() {
        restore_dropped(sides, queue, &first).await?;
    }
    let mut writer = Replay::start(copier, sides).await?;
    let mut reported: Option<Instant> = None;
    let mut bell = copier.bell.listen();
    // the last batch ended at what was the newest tick: the next one, a single tick, begins the hand-over
    let mut near = false;
    let mut idle = Idle::default();
    loop {
        bell.hush();
        let Some(tables) = Tables::look(copier, sides, group).await? else { return Ok(After::Further) };
        let info = &tables.first;
        let rank = Rank::of(info.state, true);
        if sides.permit.must_leave(rank, idle.too_long(rank)) {
            return Ok(After::Leaves);
        }
        let Some(batch) = take(copier, sides, info.state, near).await? else {
            idle.wait(copier, sides, &mut bell, rank).await;
            continue;
        };
        if reported.is_none_or(|reported| reported.elapsed() > TELL) {
            reported = Some(Instant::now());
            let behind = behind(copier, sides, &batch).await?;
            tables.names().iter().for_each(|name| copier.progress.catching_up(name, behind));
        }
        if writer.is_applied(sides, &batch).await? {
            finish(copier, sides, group, &batch).await?;
            continue;
        }
        match info.state {
            MergeState::CatchingUp if near && batch::is_single(&*sides.provider, queue, &batch).await? => {
                let wanna_sync = MergeState::WannaSync(batch.tick);
                let moved = tables.advance(&sides.target, queue, wanna_sync).await?;
                if !moved.is_empty() {
                    fail_point::reached("wanna-sync-set");
                }
                moved.iter().for_each(|name| copier.moved(name, wanna_sync));
            }
            MergeState::WannaSync(tick) if batch.tick >= tick => {
                idle.wait(copier, sides, &mut bell, rank).await;
            }
            MergeState::DoSync(tick) if batch.tick >= tick => {
                if batch.tick == tick
                    && let Some(tables) = hand_over(copier, sides, &tables, &batch, group).await?
                {
                    return Ok(After::HandedOver(tables));
                }
                // The worker's batch in hand begins or ends before ours: it is not where its mark says, so it has to
                // mark anew
                tables.advance(&sides.target, queue, MergeState::CatchingUp).await?;
            }
            _ => {
                idle = Idle::default();
                near = is_newest(copier, sides, &batch).await?;
                writer.apply(sides, &tables, &batch).await?;
                fail_point::reached("catch-up-before-finish");
                finish(copier, sides, group, &batch).await?;
                copier.report.progress();
            }
        }
    }
}

/// Since when there is nothing to do, in the state that has this rank.
#[derive(Default)]
struct Idle(Option<(Rank, Instant)>);

impl Idle {
    fn too_long(&self, rank: Rank) -> bool {
        self.0.is_some_and(|(of, since)| of == rank && since.elapsed() >= IDLE)
    }

    /// Waits until there may be something to do, or the connections are wanted.
    async fn wait(&mut self, copier: &Copier, sides: &Sides, bell: &mut Listener, rank: Rank) {
        if self.0.is_none_or(|(of, _)| of != rank) {
            self.0 = Some((rank, Instant::now()));
        }
        copier.report.sign();
        tokio::select! {
            () = bell.wait(copier.config.patience()) => {}
            () = sides.permit.wanted(rank) => {}
        }
    }
}

/// Those of the tables whose copies wait for connections that are where this one is: another copy was catching up with
/// them, which was stopped.
async fn gather(copier: &Copier, sides: &Sides, first: &TableInfo) -> Result<CopyGroup> {
    let queue = copier.config.queue_name.as_str();
    let copied = copier.permits.copied(&copier.table);
    if copied.is_empty() {
        return Ok(CopyGroup::default());
    }
    let prefix = pgq::copy::consumer_prefix(&copier.config.job_name);
    let alike = table::alike(&*sides.target, queue, &copied, &prefix, &first.name).await;
    Ok(copier.permits.take_these(&alike.during("looking for copies at the same place")?))
}

/// A table that was caught up together with others may have ended between what the target has applied and its
/// consumer's being moved there.
async fn align(copier: &Copier, sides: &Sides) -> Result<()> {
    let (queue, consumer) = (copier.config.queue_name.as_str(), copier.consumer.as_str());
    let applied = node::consumer_state(&*sides.target, queue, consumer).await?;
    let stands = batch::subscription(&*sides.provider, queue, consumer).await?;
    let (Some(applied), Some(stands)) = (applied, stands) else { return Ok(()) };
    if stands < applied.completed_tick
        && batch::unfinished(&*sides.provider, queue, consumer).await?.is_none()
    {
        batch::move_all(&*sides.provider, queue, &[consumer], applied.completed_tick).await?;
    }
    Ok(())
}

/// Gives the batch back as done, and moves the group's consumers behind it.
async fn finish(copier: &Copier, sides: &Sides, group: &CopyGroup, batch: &Batch) -> Result<()> {
    let queue = copier.config.queue_name.as_str();
    if !group.is_empty() {
        let consumers: Vec<String> = group.tables().iter().map(|t| copier.config.consumer(t)).collect();
        let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
        batch::move_all(&*sides.provider, queue, &consumers, batch.tick).await?;
        fail_point::reached("consumers-moved");
    }
    batch::finish(&*sides.provider, batch).await?;
    Ok(())
}

/// A copy of the stock worker was ended between its rows and its indexes: without those, changes would find no rows by
/// their key.
async fn restore_dropped(sides: &mut Sides, queue: &str, info: &TableInfo) -> Result<()> {
    let transaction = sides.target.transaction().await.during("restoring indexes")?;
    let adopted = index::adopt(&transaction, queue, &info.name, info.dest()).await;
    adopted.during("restoring indexes")?;
    drop_and_restore::finish(transaction.client(), queue, info).await?;
    transaction.commit().await.during("restoring indexes")?;
    info!(queue, table = info.name, "what an earlier copy had dropped is back");
    Ok(())
}

/// Events of a batch at most, where it is several ticks.
const BATCH_EVENTS: i32 = 50_000;

/// The next batch, after a tick made now where there is none. To hand the table over, a single tick; before the
/// worker's mark, all there is.
async fn take(copier: &Copier, sides: &Sides, state: MergeState, near: bool) -> Result<Option<Batch>> {
    let queue = copier.config.queue_name.as_str();
    let many = batch::Collect { at_most: Some(BATCH_EVENTS), ..Default::default() };
    let collect = match state {
        MergeState::DoSync(tick) => batch::Collect { alone_from: Some(tick), ..many },
        MergeState::CatchingUp if !near => many,
        _ => batch::Collect::default(),
    };
    if let Some(batch) = batch::next(&*sides.provider, queue, &copier.consumer, collect).await? {
        return Ok(Some(batch));
    }
    batch::tick_now(&*sides.provider, queue).await?;
    Ok(batch::next(&*sides.provider, queue, &copier.consumer, collect).await?)
}

/// Events of all tables from this batch on.
async fn behind(copier: &Copier, sides: &Sides, batch: &Batch) -> Result<i64> {
    let queue = copier.config.queue_name.as_str();
    let events = pgq::queue::events_since(&*sides.provider, queue, batch.previous_tick).await;
    events.during("counting what is to come")
}

async fn is_newest(copier: &Copier, sides: &Sides, batch: &Batch) -> Result<bool> {
    Ok(batch::last_tick(&*sides.provider, &copier.config.queue_name).await? == Some(batch.tick))
}

/// Makes the tables the worker's: state and the end of the copy's own position in one transaction. Not where the worker
/// has applied less or more than the copy, since changes would be lost or come twice. One whose state is another by now
/// leaves the group.
async fn hand_over(
    copier: &Copier,
    sides: &mut Sides,
    tables: &Tables,
    batch: &Batch,
    group: &mut CopyGroup,
) -> Result<Option<Vec<String>>> {
    let queue = copier.config.queue_name.as_str();
    let transaction = sides.target.transaction().await.during("handing the table over")?;
    let client = transaction.client();
    let moved = tables.advance(client, queue, MergeState::Ok).await?;
    if !moved.contains(&copier.table) {
        return Ok(None);
    }
    let names: Vec<&str> = moved.iter().map(String::as_str).collect();
    let consumers: Vec<String> = moved.iter().map(|name| copier.config.consumer(name)).collect();
    let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
    let Some(worker) = node::worker_position(client, queue).await? else { return Ok(None) };
    if node::count_at(client, queue, &consumers, worker).await? != consumers.len() {
        return Ok(None);
    }
    // one that is left is ahead of all ticks that there are: the table was copied after its consumer had subscribed
    let provider: &pg::Client = &sides.provider;
    let lacking = match read_tick::check(client, provider, queue, &names, batch.tick).await? {
        None => read_tick::first(client, queue, &names).await?,
        lacking => lacking,
    };
    if let Some((table, tick)) = lacking {
        return Err(Error::SourceSetBack { table, tick });
    }
    node::unregister_consumers(&transaction, queue, &consumers).await?;
    table::clear_errors(&transaction, queue, &names).await?;
    fail_point::reached("hand-over-before-commit");
    copier.busy.send_replace(true);
    transaction.commit().await.during("handing the table over")?;
    fail_point::reached("hand-over-after-commit");
    group.keep(|name| moved.iter().any(|moved| moved == name), Verdict::Again);
    moved.iter().for_each(|name| copier.moved(name, MergeState::Ok));
    Ok(Some(moved))
}
