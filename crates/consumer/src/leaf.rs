//! Leaf: what its worker holds while its connections last, and what it does next.

use std::time::Duration;

use parts::fail_point;
use pg::Session;
use pgq::batch::{self, Batch, NextBatch};
use pgq::node::{self, ConsumerState, NodeInfo};
use pgq::table::{self, MergeState, TableInfo};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::batch_size::BatchSize;
use crate::copies::Copies;
use crate::due::Due;
use crate::foreign_keys::ForeignKeys;
use crate::identity::Others;
use crate::position::{Fit, Position};
use crate::relax::relax;
use crate::replay::Replay;
use crate::statistics::Statistics;
use crate::stillness::{PROVIDER, QUIET_PROVIDER, STILL, Stillness};
use crate::wake::Wake;
use crate::watch::Watch;
use crate::{Error, Result, Worker, attempt, gone_partitions, hand_over, watch};

/// What was read of this node behind a batch is as good as new for so long, while ticks come one after the other.
const FRESH: Duration = Duration::from_millis(50);
/// How often foreign keys and triggers of replicated tables are looked at.
const RELAXATIONS: Duration = Duration::from_secs(5);
/// How often it is looked for what copies that were interrupted have left behind.
const REMAINS: Duration = Duration::from_secs(60);
/// How often rows of partitions that have gone on the root are looked for.
const GONE_PARTITIONS: Duration = Duration::from_secs(60);

/// A leaf between its batches. The connection to the node itself is the caller's.
pub(crate) struct Leaf<'a> {
    worker: &'a Worker,
    node: &'a NodeInfo,
    pub(crate) provider: Session,
    next_batch: NextBatch,
    /// The worker's state when the connections were made.
    first: ConsumerState,
    position: Position,
    replay: Replay<'a>,
    copies: Copies<'a>,
    others: Others<'a>,
    fkeys: ForeignKeys,
    statistics: Statistics,
    wake: Wake,
    relaxations: Due,
    watermark: Due,
    remains: Due,
    gone_partitions: Due,
    watch: Watch,
    here: Stillness,
    there: Stillness,
    provider_asked: Due,
    batch_size: BatchSize,
    began: Instant,
    recent: Option<Recent>,
    /// The last batch was the last one when it was asked for.
    is_level: bool,
}

/// The worker's state and its tables, as they were a moment ago; nothing was under way with any of them.
struct Recent {
    at: Instant,
    state: ConsumerState,
    tables: Vec<TableInfo>,
}

/// What the worker does next.
pub(crate) enum Step {
    /// There is nothing to apply, or the worker is `paused`. `still`: nothing has happened on either side.
    Wait { paused: bool, still: bool },
    /// The batch was committed before, and is still to be finished at the provider.
    Recover(Batch),
    /// Copies have reached the batch: their tables are handed over, then it is applied.
    HandOver(Work),
    /// The batch is applied.
    Apply(Work),
    /// The connections have served their time, or the provider is another now.
    Reconnect,
    /// The node is no leaf any more.
    Changed,
}

/// A batch to be applied.
pub(crate) struct Work {
    /// The worker's state before it.
    pub(crate) state: ConsumerState,
    pub(crate) batch: Batch,
    pub(crate) tables: Vec<TableInfo>,
}

/// Asks this node for the worker's state and its tables.
async fn read(worker: &Worker, target: &Session) -> Result<Recent> {
    let at = Instant::now();
    let tables = async { Ok(table::list(target, &worker.config.queue_name).await?) };
    let (state, tables) = tokio::try_join!(worker.state(target), tables)?;
    Ok(Recent { at, state, tables })
}

impl<'a> Leaf<'a> {
    /// Connects to the provider and compares positions.
    pub(crate) async fn open(
        worker: &'a Worker,
        target: &mut Session,
        node: &'a NodeInfo,
    ) -> Result<Leaf<'a>> {
        let config = &worker.config;
        let first = worker.state(target).await?;
        let provider =
            worker.connect_provider(first.provider_location.as_deref().unwrap_or_default()).await?;
        let position = Position::compare(worker, &provider, target).await?;
        let replay = Replay::start(worker, target).await?;
        let fkeys = ForeignKeys::new(worker)?;
        let statistics = Statistics::start();
        let wake = Wake::listen(&worker.bell, &worker.ticked, &provider, target).await;
        info!(
            job = config.job_name,
            queue = config.queue_name,
            node = node.name,
            provider = first.provider,
            tick = first.completed_tick,
            "leaf worker is ready"
        );
        let batch_size = BatchSize::after(worker, &provider, first.completed_tick).await?;
        Ok(Leaf {
            worker,
            node,
            provider,
            next_batch: NextBatch::default(),
            first,
            position,
            replay,
            copies: Copies::new(worker),
            others: Others::new(worker),
            fkeys,
            statistics,
            wake,
            relaxations: Due::now(),
            watermark: Due::now(),
            remains: Due::now(),
            gone_partitions: Due::now(),
            watch: Watch::new(),
            here: Stillness::default(),
            there: Stillness::default(),
            provider_asked: Due::now(),
            batch_size,
            began: Instant::now(),
            recent: None,
            is_level: false,
        })
    }

    /// Does what is due between batches, and says what comes next.
    pub(crate) async fn next_step(&mut self, target: &mut Session) -> Result<Step> {
        let config = &self.worker.config;
        let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
        if self.began.elapsed() > config.connection_lifetime() {
            return Ok(Step::Reconnect);
        }
        self.statistics.log_when_due(config);
        let is_level = std::mem::take(&mut self.is_level) && self.wake.is_announced();
        if is_level && !self.wake.hears(&self.provider, target) {
            return Ok(Step::Wait { paused: false, still: false });
        }
        let heard = self.wake.has_heard();
        self.wake.hush(&self.provider, target);
        // who was woken up looks
        if !heard && self.are_still(target).await? {
            return Ok(Step::Wait { paused: false, still: true });
        }
        let recent = self.recent.take().filter(|recent| {
            // commands and copies ring
            recent.at.elapsed() < FRESH && !self.wake.was_rung()
        });
        let Recent { at, state, tables } = match recent {
            Some(recent) => recent,
            None => read(self.worker, target).await?,
        };
        if state.node_type.is_some_and(|kind| kind != self.node.node_type) {
            return Ok(Step::Changed);
        }
        if (&state.provider, &state.provider_location)
            != (&self.first.provider, &self.first.provider_location)
        {
            info!(job, queue, provider = state.provider, "the provider has changed");
            return Ok(Step::Reconnect);
        }
        if !state.uptodate {
            node::set_uptodate(&**target, queue, config.consumer(), true).await?;
        }
        let copies = &self.copies;
        self.watch.look(self.worker, target, |table| copies.size(table)).await?;
        if state.paused {
            return Ok(Step::Wait { paused: true, still: false });
        }
        self.publish_watermark(state.completed_tick).await?;
        self.tend_tables(target, &tables).await?;
        let Some(batch) = self.take(&tables).await? else {
            if state.error.is_some() {
                node::set_error(&**target, queue, config.consumer(), None).await?;
            }
            self.watch.level(self.worker, &self.provider).await?;
            let is_calm = state.error.is_none() && !watch::is_live(self.worker) && self.is_settled(&tables);
            self.here.looked(is_calm);
            self.there.looked(is_calm);
            if is_calm && state.uptodate {
                self.recent = Some(Recent { at, state, tables });
            }
            return Ok(Step::Wait { paused: false, still: false });
        };
        self.wake.found();
        self.here.looked(false);
        self.there.looked(false);
        fail_point::reached("batch-taken");
        if let Fit::Applied = self.position.fit(self.worker, &self.provider, target, &state, &batch).await? {
            return Ok(Step::Recover(batch));
        }
        let is_due = tables.iter().any(|table| hand_over::is_due(table, &batch));
        let work = Work { state, batch, tables };
        Ok(if is_due { Step::HandOver(work) } else { Step::Apply(work) })
    }

    /// Whether nothing has happened on either side since the last step, which found nothing to do.
    async fn are_still(&mut self, target: &Session) -> Result<bool> {
        if !self.here.holds(target).await? {
            return Ok(false);
        }
        let period = if self.there.rests() { QUIET_PROVIDER } else { PROVIDER };
        if self.wake.is_announced() && !self.provider_asked.comes(period) {
            return Ok(true);
        }
        let still = self.there.holds(&self.provider).await?;
        if still {
            self.watch.still_level(self.worker);
        }
        Ok(still)
    }

    /// Whether nothing is under way with any table.
    fn is_settled(&self, tables: &[TableInfo]) -> bool {
        tables.iter().all(|table| !table.local || table.state == MergeState::Ok)
            && self.copies.parked().is_empty()
            && self.others.none()
            && !self.fkeys.is_restoring()
    }

    /// Waits until there may be something to do; longer where both sides are still, above all if ticks are told of.
    pub(crate) async fn wait(&mut self, target: &mut Session, still: bool, stop: &CancellationToken) {
        let delay = self.worker.config.loop_delay;
        let longest = match (still, self.wake.is_announced()) {
            (true, true) => STILL.max(delay),
            (true, false) => delay * 2,
            (false, _) => delay,
        };
        self.wake.wait(&self.provider, target, longest, stop).await;
    }

    /// Applies a batch and finishes it at the provider.
    pub(crate) async fn apply(
        &mut self,
        target: &Session,
        work: &Work,
        stop: &CancellationToken,
    ) -> Result<()> {
        let Work { state, batch, tables } = work;
        let sides = attempt::Sides { provider: &self.provider, target };
        let began = Instant::now();
        let (replay, others) = (&mut self.replay, &mut self.others);
        let applied = Box::pin(attempt::apply(self.worker, sides, replay, batch, tables, others, stop)).await;
        let done = applied.map_err(|error| {
            let (batch, tick) = (batch.id, batch.tick);
            Error::Batch { batch, tick, source: Box::new(error) }
        })?;
        self.position.applied(state, batch);
        self.is_level = !batch.more;
        self.batch_size.grow();
        self.statistics.count(batch, &done);
        if done.partitions_gone {
            self.gone_partitions.hasten();
        }
        self.worker.report.tell(|facts| facts.conflicts += done.conflicts());
        self.worker.report.applied(batch, done.changes, done.bytes, began.elapsed());
        fail_point::reached("batch-before-finish");
        let recent = async {
            // what cannot be read now is read by the next step
            if self.is_settled(tables) { read(self.worker, target).await.ok() } else { None }
        };
        let (finished, recent) = tokio::join!(batch::finish(&self.provider, batch), recent);
        self.recent = recent;
        finished?;
        fail_point::reached("batch-after-finish");
        Ok(())
    }

    /// Tells the provider, when that is due, from which tick on this node needs events.
    async fn publish_watermark(&mut self, tick: i64) -> Result<()> {
        let config = &self.worker.config;
        if self.watermark.comes(config.local_wm_publish_period) {
            let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
            if node::publish_watermark(&*self.provider, queue, &self.node.name, tick).await? {
                info!(job, queue, tick, "the provider's watermark of this node follows it back");
            }
            fail_point::reached("watermark-set");
        }
        Ok(())
    }

    /// Schedules copies, and relaxes foreign keys and triggers when that is due.
    async fn tend_tables(&mut self, target: &Session, tables: &[TableInfo]) -> Result<()> {
        let config = &self.worker.config;
        let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
        if self.remains.comes(REMAINS) {
            self.copies.clear_remains(&self.provider, target).await?;
        }
        self.others.look(&self.provider, target).await?;
        if self.copies.schedule(&self.provider, target, tables, &mut self.others).await? {
            self.relaxations.hasten();
        }
        self.worker.report.tables(tables, self.copies.parked());
        if self.relaxations.comes(RELAXATIONS) {
            relax(job, queue, target).await?;
            fail_point::reached("relaxed");
            self.fkeys.look(target).await?;
        }
        if self.gone_partitions.comes(GONE_PARTITIONS) {
            gone_partitions::look(self.worker, target).await?;
        }
        Ok(())
    }

    /// The next batch. While a table is handed over, what is before its tick, then single ticks, and one made now if
    /// there is none.
    async fn take(&mut self, tables: &[TableInfo]) -> Result<Option<Batch>> {
        let (config, provider) = (&self.worker.config, &self.provider);
        let (queue, consumer) = (config.queue_name.as_str(), config.consumer());
        let mark = |table: &TableInfo| match table.state {
            MergeState::WannaSync(tick) | MergeState::DoSync(tick) if table.local => Some(tick),
            _ => None,
        };
        let events = self.batch_size.events();
        let Some(first) = tables.iter().filter_map(mark).min() else {
            return Ok(self.next_batch.ask(provider, queue, consumer, config.collect(events)).await?);
        };
        let collect =
            batch::Collect { alone_from: Some(first), at_most: Some(events), ..batch::Collect::default() };
        if let Some(batch) = self.next_batch.ask(provider, queue, consumer, collect).await? {
            return Ok(Some(batch));
        }
        batch::tick_now(&**provider, queue).await?;
        Ok(self.next_batch.ask(provider, queue, consumer, collect).await?)
    }
}
