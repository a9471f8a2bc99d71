//! The leaf's worker: the loop around its batches.

use std::time::Duration;

use pg::Session;
use pgq::batch::{self, Batch};
use pgq::fail_point;
use pgq::node::{self, NodeInfo};
use pgq::table::{self, MergeState, TableInfo};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::batch_size::BatchSize;
use crate::copies::Copies;
use crate::ended::Ended;
use crate::foreign_keys::ForeignKeys;
use crate::identity::Others;
use crate::position::{Fit, Position};
use crate::relax::relax;
use crate::replay::Replay;
use crate::root::Due;
use crate::statistics::Statistics;
use crate::wake::Wake;
use crate::{Error, Result, Worker, attempt, hand_over};

/// How often foreign keys and triggers of replicated tables are looked at.
const RELAXATIONS: Duration = Duration::from_secs(5);
/// How often it is looked for what copies that were interrupted have left behind.
const REMAINS: Duration = Duration::from_secs(60);

pub(crate) async fn run(
    worker: &Worker,
    target: &mut Session,
    node: &NodeInfo,
    stop: &CancellationToken,
) -> Result<Ended> {
    let config = &worker.config;
    let (job, queue, consumer) = (config.job_name.as_str(), config.queue_name.as_str(), config.consumer());
    let first = worker.state(target).await?;
    let mut provider =
        worker.connect_provider(first.provider_location.as_deref().unwrap_or_default()).await?;
    let mut position = Position::compare(worker, &provider, target).await?;
    let mut replay = Replay::start(worker, target).await?;
    let mut copies = Copies::new(worker);
    let mut others = Others::new(worker);
    let mut fkeys = ForeignKeys::new(worker)?;
    let mut statistics = Statistics::start();
    let mut wake = Wake::listen(&worker.bell, &worker.ticks, &provider, target, config.loop_delay()).await;
    let (mut relaxations, mut watermark, mut remains) = (Due::now(), Due::now(), Due::now());
    info!(
        job,
        queue,
        node = node.name,
        provider = first.provider,
        tick = first.completed_tick,
        "leaf worker is ready"
    );
    let mut batch_size = BatchSize::after(worker, &provider, first.completed_tick).await?;
    let began = Instant::now();
    while !stop.is_cancelled() {
        if began.elapsed() > config.connection_lifetime() {
            return Ok(Ended::Reconnect);
        }
        statistics.log_when_due(config);
        wake.hush(&mut provider, target);
        let state = worker.state(target).await?;
        if state.provider != first.provider || state.provider_location != first.provider_location {
            info!(job, queue, provider = state.provider, "the provider has changed");
            return Ok(Ended::Reconnect);
        }
        if !state.uptodate {
            node::set_uptodate(&**target, queue, consumer, true).await?;
        }
        if state.paused {
            worker.report.idle(true);
            wake.wait(&mut provider, target, stop).await;
            continue;
        }
        if watermark.comes(Duration::from_secs_f64(config.local_wm_publish_period)) {
            let tick = state.completed_tick;
            if node::publish_watermark(&*provider, queue, &node.name, tick).await? {
                info!(job, queue, tick, "the provider's watermark of this node follows it back");
            }
            fail_point::reached("watermark-set");
        }
        if remains.comes(REMAINS) {
            copies.clear_remains(&provider, target).await?;
        }
        let tables = table::list(&**target, queue).await?;
        others.look(&provider, target).await?;
        if copies.schedule(&provider, target, &tables, &mut others).await? {
            relaxations.hasten();
        }
        worker.report.tables(&tables, copies.parked());
        if relaxations.comes(RELAXATIONS) {
            relax(job, queue, target).await?;
            fail_point::reached("relaxed");
            fkeys.look(target).await?;
        }
        let Some(batch) = take(&provider, worker, &batch_size, &tables).await? else {
            if state.error.is_some() {
                node::set_error(&**target, queue, consumer, None).await?;
            }
            worker.report.idle(false);
            wake.wait(&mut provider, target, stop).await;
            continue;
        };
        wake.found();
        fail_point::reached("batch-taken");
        if let Fit::Applied = position.fit(worker, &provider, target, &state, &batch).await? {
            debug!(job, queue, tick = batch.tick, "batch was applied before");
            batch::finish(&*provider, &batch).await?;
            continue;
        }
        let Some(tables) = hand_over::settle(worker, &provider, target, &batch, tables, stop).await? else {
            break;
        };
        let sides = attempt::Sides { provider: &provider, target };
        let began_batch = Instant::now();
        let applied =
            Box::pin(attempt::apply(worker, sides, &mut replay, &batch, &tables, &others, stop)).await;
        match applied {
            Ok(done) => {
                position.applied(&state, &batch);
                batch_size.grow();
                statistics.count(&batch, &done);
                worker.report.tell(|facts| facts.conflicts += done.conflicts());
                worker.report.applied(&batch, done.changes, done.bytes, began_batch.elapsed());
            }
            Err(error) => {
                return Err(Error::Batch { batch: batch.id, tick: batch.tick, source: Box::new(error) });
            }
        }
        fail_point::reached("batch-before-finish");
        batch::finish(&*provider, &batch).await?;
        fail_point::reached("batch-after-finish");
    }
    hand_over::give_back(worker, target).await?;
    Ok(Ended::Stopped)
}

/// The next batch. While a table is handed over, what is before its tick, then single ticks, and one made now if there is none.
async fn take(
    provider: &Session,
    worker: &Worker,
    batch_size: &BatchSize,
    tables: &[TableInfo],
) -> Result<Option<Batch>> {
    let (queue, consumer) = (worker.config.queue_name.as_str(), worker.config.consumer());
    let mark = |table: &TableInfo| match table.state {
        MergeState::WannaSync(tick) | MergeState::DoSync(tick) if table.local => Some(tick),
        _ => None,
    };
    let Some(first) = tables.iter().filter_map(mark).min() else {
        return Ok(
            batch::next(&**provider, queue, consumer, worker.config.collect(batch_size.events())).await?
        );
    };
    let collect = batch::Collect {
        alone_from: Some(first),
        at_most: Some(batch_size.events()),
        ..batch::Collect::default()
    };
    if let Some(batch) = batch::next(&**provider, queue, consumer, collect).await? {
        return Ok(Some(batch));
    }
    batch::tick_now(&**provider, queue).await?;
    Ok(batch::next(&**provider, queue, consumer, collect).await?)
}
