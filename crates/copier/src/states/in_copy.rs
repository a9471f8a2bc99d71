//! State `in-copy`: going on with what is there, or beginning.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, TryStreamExt as _};
use parts::fail_point;
use pgq::copy::record::{CopyRecord, Step};
use pgq::table::{self, MergeState, TableInfo};
use pgq::{batch, node, replay};
use tracing::{info, warn};

use crate::chunked::chunk::Chunked;
use crate::chunked::staging::Staging;
use crate::chunked::{chunk, reconcile};
use crate::error::During;
use crate::indexes::drop_and_restore;
use crate::outcome::{After, End, Going, WAS_SET_BACK};
use crate::rows::columns::Both;
use crate::rows::small_tables::Member;
use crate::rows::strategy::CopyMode;
use crate::rows::{columns, one_snapshot, small_tables, strategy};
use crate::schedule::connections::Sides;
use crate::schedule::group::CopyGroup;
use crate::states::subscribe::{free, subscribe};
use crate::states::{copy_record, transition};
use crate::{Copier, Result};

/// How often events are drained while indexes are built.
const DRAIN: Duration = Duration::from_secs(5);

/// One step of the way from `in-copy` to `catching-up`.
pub(crate) async fn step(
    copier: &Copier,
    sides: &mut Sides,
    info: &TableInfo,
    group: &mut CopyGroup,
) -> Result<After> {
    let queue = copier.config.queue_name.as_str();
    let (source, target, copying) =
        columns::both(&copier.config, &sides.provider, &sides.target, info).await?;
    let Some(run) = copy_record::take_over(&sides.target, queue, &info.name).await? else {
        return begin(copier, sides, info, (source, target, copying), group).await;
    };
    let layout = copy_record::layout(&source, &target, &copying);
    if let Some(reason) = broken(copier, sides, info, &run, &layout).await? {
        start_over(copier, sides, info, reason).await?;
        return begin(copier, sides, info, (source, target, copying), group).await;
    }
    let staging = match &run.staging {
        Some(name) => {
            let staging = Staging::new(name, &copying, &source, &target, &run)?;
            staging.adopt(&sides.target).await?;
            Some(staging)
        }
        None => None,
    };
    let done = match (run.step, staging) {
        (Step::Rows, Some(mut staging)) => {
            let files = copy_record::files(&sides.target, queue, &info.name, &run).await?;
            let chunked = Chunked { info, run: &run, source: &source, copying: &copying, files: &files };
            reconcile::copy(copier, sides, &chunked, &mut staging).await
        }
        (Step::Rows, None) => Err(End::StartOver("its record is not complete")),
        (Step::Indexes, staging) => finish(copier, sides, info, &run, staging).await,
    };
    after(copier, sides, info, done).await
}

/// What comes after a run has gone on for a while.
async fn after(copier: &Copier, sides: &Sides, info: &TableInfo, done: Going<()>) -> Result<After> {
    match done {
        Ok(()) | Err(End::Left) => {}
        Err(End::Leaves) => return Ok(After::Leaves),
        Err(End::StartOver(reason)) => start_over(copier, sides, info, reason).await?,
        Err(End::Failed(error)) => return Err(error),
    }
    Ok(After::Further)
}

/// Why a run that was found cannot be gone on with.
async fn broken(
    copier: &Copier,
    sides: &Sides,
    info: &TableInfo,
    run: &CopyRecord,
    layout: &str,
) -> Result<Option<&'static str>> {
    let queue = copier.config.queue_name.as_str();
    let position = batch::subscription(&*sides.provider, queue, &copier.consumer).await?;
    Ok(if run.provider_node != sides.provider_node {
        Some("the provider is another node now")
    } else if position.is_none() {
        Some("its consumer is not subscribed any more")
    } else if run.staging.is_none() && position != Some(run.first_tick) {
        Some("its consumer stands elsewhere now")
    } else if run.staging.is_some() && run.layout != layout {
        Some("the table's columns or its key have changed")
    } else if !copy_record::holds(&sides.target, queue, &info.name, run.attempt).await? {
        Some("the table on the target was emptied or rewritten")
    } else {
        None
    })
}

async fn start_over(copier: &Copier, sides: &Sides, info: &TableInfo, reason: &str) -> Result<()> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    if reason == WAS_SET_BACK {
        warn!(job, queue, table = info.name, reason, "the copy starts over");
        let text = format!("the copy was begun anew: {reason}; it goes on by itself");
        table::set_error(&*sides.target, queue, &info.name, &text).await?;
    } else {
        info!(job, queue, table = info.name, reason, "the copy starts over");
    }
    copy_record::forget(&sides.target, queue, &info.name).await
}

async fn begin(
    copier: &Copier,
    sides: &mut Sides,
    info: &TableInfo,
    (source, target, copying): Both,
    group: &mut CopyGroup,
) -> Result<After> {
    if copier.gate.obstacle().is_some() {
        return Ok(After::Leaves);
    }
    let queue = copier.config.queue_name.as_str();
    let facts = strategy::facts(&sides.provider, &source).await?;
    copier.progress.expect(&info.name, facts.bytes);
    let mode = strategy::choose(&copier.config, sides, info, (&source, &target), &copying, &facts).await?;
    if mode == CopyMode::Tiny {
        let lead = Member { info: info.clone(), source, target, copying, bytes: facts.bytes };
        small_tables::copy(copier, sides, lead, group).await?;
        return Ok(After::Further);
    }
    let (tables, copying) = ((&source, &target), &copying);
    node::unregister_consumer(&*sides.target, queue, &copier.consumer).await?;
    let first_tick = subscribe(sides, queue, &[&copier.consumer]).await?;
    free(copier, sides, &[info]).await?;
    let mut why = None;
    if mode == CopyMode::Chunks {
        if chunk::begin(copier, sides, info, tables, copying, first_tick).await? {
            return Ok(After::Further);
        }
        why = Some("a unique index on the target has to stay");
    } else if let CopyMode::Whole(reason) = mode {
        why = reason;
    }
    let Some(run) = one_snapshot::copy(copier, sides, info, tables, copying, why, first_tick).await? else {
        return Ok(After::Further);
    };
    let done = finish(copier, sides, info, &run, None).await;
    after(copier, sides, info, done).await
}

/// Builds the indexes, several at a time, and moves the table on. Meanwhile what is changed goes on being drained, so
/// that the source's queue can be rotated.
async fn finish(
    copier: &Copier,
    sides: &mut Sides,
    info: &TableInfo,
    run: &CopyRecord,
    mut staging: Option<Staging>,
) -> Going<()> {
    let queue = copier.config.queue_name.as_str();
    let builders = Builders::default();
    let mut building = std::pin::pin!(build(copier, info, &builders));
    loop {
        let built = tokio::time::timeout(DRAIN, &mut building).await;
        if let Some(staging) = &mut staging {
            staging.drain(copier, sides, info, run, None).await?;
        }
        if let Ok(built) = built {
            built?;
            break;
        }
        // the copy's own connections stand still meanwhile: they are kept in use, and the builders are seen at work
        sides.provider.batch_execute("select 1").await.during("asking the provider")?;
        builders.look(&sides.target, info).await?;
        copier.report.sign();
    }
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let transaction = sides.target.transaction().await.during("ending the copy")?;
    let client = transaction.client();
    replay::enter(client, bypass_triggers).await?;
    if let Some(staging) = &staging {
        staging.reconcile(client).await?;
    }
    drop_and_restore::finish(client, queue, info).await?;
    if !copy_record::holds(client, queue, &info.name, run.attempt).await? {
        return Err(End::Left);
    }
    if run.staging.is_none() {
        node::register_consumer(&transaction, queue, &copier.consumer, &sides.provider_node, run.first_tick)
            .await?;
    }
    let (from, to) = (MergeState::InCopy, MergeState::CatchingUp);
    transition::advance(client, queue, &info.name, from, to, Some(&run.first_snapshot)).await?;
    table::clear_errors(&transaction, queue, &[&info.name]).await?;
    copy_record::forget(client, queue, &info.name).await?;
    fail_point::reached("copy-end-before-commit");
    transaction.commit().await.during("ending the copy")?;
    fail_point::reached("copy-end-after-commit");
    copier.moved(&info.name, to);
    Ok(())
}

/// Builds what is to be built: side by side what can be made so, the biggest first; then, one by one, what needs the
/// table alone.
async fn build(copier: &Copier, info: &TableInfo, builders: &Builders) -> Result<()> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let list = {
        let builder = copier.connections.builder().await?;
        drop_and_restore::to_build(&builder, info.dest()).await?
    };
    let (alone, beside): (Vec<_>, Vec<_>) = list.into_iter().partition(|index| index.alone);
    let total = alone.len() + beside.len();
    copier.progress.building(&info.name, total);
    let one = |index: pgq::copy::index::Build| async move {
        let mut builder = copier.connections.builder().await?;
        let began = std::time::Instant::now();
        let at_work = builders.begin(builder.backend_pid());
        drop_and_restore::build(&mut builder, queue, info, &index).await?;
        drop(at_work);
        let (name, seconds) = (index.name.as_str(), began.elapsed().as_secs_f64());
        info!(job, queue, table = info.name, index = name, seconds, "index is built");
        copier.progress.built(&info.name);
        Ok::<_, crate::Error>(())
    };
    let mut building: FuturesUnordered<_> = beside.into_iter().map(one).collect();
    while building.try_next().await?.is_some() {}
    drop(building);
    let mut building = std::pin::pin!(futures_util::stream::iter(alone).then(one));
    while building.try_next().await?.is_some() {}
    Ok(())
}

/// Server processes that build indexes.
#[derive(Debug, Default)]
struct Builders {
    pids: Mutex<BTreeSet<i32>>,
}

/// One of them, until dropped.
struct AtWork<'a> {
    builders: &'a Builders,
    pid: i32,
}

impl Builders {
    fn begin(&self, pid: i32) -> AtWork<'_> {
        self.pids.lock().unwrap_or_else(PoisonError::into_inner).insert(pid);
        AtWork { builders: self, pid }
    }

    /// Fails where one is gone whose answer was not heard: the network has lost it.
    async fn look(&self, target: &pg::Client, info: &TableInfo) -> Result<()> {
        let pids: Vec<i32> =
            self.pids.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let sql = "select p from unnest($1::int4[]) p \
                    where not exists (select from pg_stat_activity a where a.pid = p)";
        let gone = target.query(sql, &[&pids]).await.during("looking for the sessions that build indexes")?;
        match gone.first() {
            Some(row) => Err(crate::Error::BuilderLost { table: info.dest().to_owned(), pid: row.get(0) }),
            None => Ok(()),
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.builders.pids.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
    }
}
