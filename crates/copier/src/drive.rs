//! Run of a table's copy: from whatever state the databases tell, until the worker has the table.

use std::time::Duration;

use futures_util::future::BoxFuture;
use parts::fail_point;
use pgq::copy::progress;
use pgq::table::{self, MergeState, Parking};
use pgq::{batch, node};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::error::During;
use crate::outcome::After;
use crate::schedule::connections::Sides;
use crate::schedule::group::{CopyGroup, Verdict};
use crate::schedule::permits::Turn;
use crate::schedule::turn;
use crate::states::{catch_up, in_copy};
use crate::throttle::probe;
use crate::throttle::valve::living;
use crate::{Copier, Error, Result};

/// How often a copy says how far it is, and looks whether it is to be held.
const REPORT: Duration = Duration::from_secs(1);

impl Copier {
    /// Works until the table is the worker's, is parked, has left replication, or `stop` is cancelled; where the table
    /// has been handed over by then, until all is tidied up.
    ///
    /// # Errors
    /// Any failure that may pass, kept in `londiste_rs.table_error` too; running again goes on from what was committed.
    // boxed, so that all that it awaits is compiled here, and not once more in each crate above
    pub fn run(&self, stop: CancellationToken) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.until_stopped(stop))
    }

    async fn until_stopped(&self, stop: CancellationToken) -> Result<()> {
        // watched apart: what the telling connection does is no sign that the copy's own are alive
        let apart = pg::Watch::default();
        let outcome = tokio::select! {
            outcome = Box::pin(self.persist()) => outcome,
            () = self.stopped(&stop) => Ok(()),
            () = apart.over(self.tell()) => Ok(()),
            never = apart.over(Box::pin(probe::attend(self))) => match never {},
        };
        self.progress.forget(&self.table);
        match outcome {
            Ok(()) => {
                self.refusals.forget(&self.table);
                Ok(())
            }
            Err(error) => self.keep(error).await,
        }
    }

    /// Waits for the end. Dropping the copy's transactions is safe at every point; but a copy that has just handed its
    /// table over, and is asked to stop for that, has still to leave the provider and to analyze.
    async fn stopped(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        // the sender lives as long as self
        let _ = self.busy.subscribe().wait_for(|busy| !busy).await;
    }

    /// What fails together is tried one by one, so that the failure is reported of the right table.
    async fn persist(&self) -> Result<()> {
        match Box::pin(self.work()).await {
            Err(Error::InGroup { source }) => {
                let (job, queue, table) = (&self.config.job_name, &self.config.queue_name, &self.table);
                info!(job, queue, table, "tables that were copied together go on one by one: {source}");
                self.permits.copies_alone(&self.table);
                Box::pin(self.work()).await
            }
            outcome => outcome,
        }
    }

    /// Connections to both sides, when it is the copy's turn; `None` when another copy has brought the table to its
    /// end. One that has others in its group is not taken along by others.
    async fn connections(&self, group: &CopyGroup) -> Result<Option<Sides>> {
        loop {
            let mut place = self.permits.enlist(&self.table, group.is_empty());
            let taken = match living(&self.report, turn::turn(self, &mut place)).await? {
                Turn::Connect(permit) => {
                    let opened = living(&self.report, self.connections.open(&self.table, permit));
                    return opened.await.map(Some);
                }
                Turn::Taken(taken) => taken,
            };
            // who takes it along may still be tidying up behind it: not before that is over may it be copied anew
            self.busy.send_replace(true);
            let verdict = living(&self.report, taken).await;
            self.busy.send_replace(false);
            match verdict {
                Ok(Verdict::Done) => return Ok(None),
                Ok(Verdict::Alone) => self.permits.copies_alone(&self.table),
                Ok(Verdict::Again) | Err(_) => {}
            }
        }
    }

    async fn work(&self) -> Result<()> {
        self.busy.send_replace(false);
        let mut group = CopyGroup::default();
        loop {
            let Some(mut sides) = blame(self.connections(&group).await, &mut group)? else {
                return Ok(());
            };
            let ended = Box::pin(self.go_on(&mut sides, &mut group)).await;
            match blame(ended, &mut group)? {
                Ended::Leaves => {}
                Ended::Over => return Ok(()),
                Ended::HandedOver(tables) => {
                    // another copy begins meanwhile
                    let Sides { provider, target, permit, .. } = sides;
                    drop((provider, permit));
                    return self.analyze(&target, &tables).await;
                }
            }
        }
    }

    /// Works for the table while it may keep the connections.
    async fn go_on(&self, sides: &mut Sides, group: &mut CopyGroup) -> Result<Ended> {
        let queue = self.config.queue_name.as_str();
        if table::parked(&*sides.target, queue).await?.iter().any(|parked| parked.table == self.table) {
            return Ok(Ended::Over);
        }
        loop {
            let info = table::get(&*sides.target, queue, &self.table).await?;
            if let Some(info) = &info {
                self.report.copy_phase(info.state.to_string());
            }
            let after = match info.filter(|info| info.local) {
                Some(info) if info.state == MergeState::InCopy => {
                    // those who are with this one are at another place
                    *group = CopyGroup::default();
                    Box::pin(in_copy::step(self, sides, &info, group)).await?
                }
                Some(info) if info.state.is_copying() => {
                    Box::pin(catch_up::run(self, sides, info, group)).await?
                }
                _ => {
                    self.leave(sides, std::slice::from_ref(&self.table)).await?;
                    return Ok(Ended::Over);
                }
            };
            match after {
                After::HandedOver(tables) => {
                    // at once: some of them may be asked for again
                    self.leave(sides, &tables).await?;
                    group.tell_all(Verdict::Done);
                    return Ok(Ended::HandedOver(tables));
                }
                After::Further => {}
                After::Leaves => return Ok(Ended::Leaves),
            }
        }
    }

    /// Ends the subscriptions of tables' copies, and what the target records of them where it is still there.
    async fn leave(&self, sides: &Sides, tables: &[String]) -> Result<()> {
        let queue = self.config.queue_name.as_str();
        {
            let _nobody_tells = self.reported.lock().await;
            progress::clear(&*sides.target, queue, tables).await.during("ending the copy")?;
        }
        let consumers: Vec<String> = tables.iter().map(|table| self.config.consumer(table)).collect();
        let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
        node::unregister_consumers(&*sides.target, queue, &consumers).await?;
        fail_point::reached("copy-leaves");
        batch::unsubscribe_all(&*sides.provider, queue, &consumers).await?;
        self.bell.ring();
        Ok(())
    }

    /// Statistics for the planner, once the tables are the worker's.
    async fn analyze(&self, target: &pg::Client, tables: &[String]) -> Result<()> {
        let what = || format!("analyzing {}", tables.join(", "));
        let analyze = table::analyze_statement(target, &self.config.queue_name, tables).await;
        match analyze.during(what())? {
            Some(analyze) => target.batch_execute(&analyze).await.during(what()),
            None => Ok(()),
        }
    }

    /// A failure is shown in `tables`. One that does not pass by itself parks the table, in the state that it has; so
    /// does one that may pass and has not after some tries: other tables wait for its slot.
    async fn keep(&self, error: Error) -> Result<()> {
        let (job, queue, table) = (&self.config.job_name, &self.config.queue_name, &self.table);
        // where even this fails the node cannot be reached: the error itself is returned, and logged by the supervisor
        let Ok(target) = self.connections.report().await else { return Err(error) };
        let text = error.to_string();
        let persists = || self.refusals.are_too_many(&self.table, self.report.pieces());
        let cause = error.own_cause().or_else(|| error.refusal().filter(|_| persists()));
        let Some(cause) = cause else {
            let _ = table::set_error(&*target, queue, table, &text).await;
            return Err(error);
        };
        let state = node::consumer_state(&*target, queue, &self.consumer).await;
        let tick = state.ok().flatten().map(|state| state.completed_tick);
        let event = cause.event;
        let parking = Parking { error: &text, code: cause.code.as_deref(), event, tick };
        match table::park(&*target, queue, table, &parking).await {
            Ok(true) => warn!(
                job,
                queue,
                table,
                event,
                tick,
                "copy is parked: {text}; when that is mended: resume-table, or resync"
            ),
            // it is asked for anew, or gone
            Ok(false) => debug!(job, queue, table, "a copy that is over has failed: {text}"),
            Err(_) => return Err(error),
        }
        self.bell.ring();
        Ok(())
    }

    /// Says every second how far the copy is, and holds it while the worker is paused. Never ends.
    async fn tell(&self) {
        let queue = self.config.queue_name.as_str();
        loop {
            tokio::time::sleep(REPORT).await;
            self.progress.show(&self.table, &self.gate, &self.report);
            if self.gate.slows() {
                self.report.sign();
            }
            // one of the copies tells of all of them
            let Ok(mut reported) = self.reported.try_lock() else { continue };
            if reported.is_some_and(|reported| reported.elapsed() < REPORT / 2) {
                continue;
            }
            *reported = Some(Instant::now());
            let Ok(node) = self.connections.report().await else { continue };
            self.progress.publish(&node, &self.gate, queue).await;
            drop(reported);
            if let Ok(Some(state)) = node::consumer_state(&*node, queue, self.config.worker()).await {
                self.gate.set(|limits| limits.held = state.paused);
            }
        }
    }
}

/// How a copy's work with its connections has ended.
enum Ended {
    /// There is nothing left to do.
    Over,
    /// These tables are the worker's, and to be analyzed.
    HandedOver(Vec<String>),
    /// It goes on when it is its turn again.
    Leaves,
}

/// A failure may be any one's of those who work together.
fn blame<T>(result: Result<T>, group: &mut CopyGroup) -> Result<T> {
    match result {
        Err(source) if !group.is_empty() => {
            group.tell_all(Verdict::Alone);
            Err(Error::InGroup { source: Box::new(source) })
        }
        result => result,
    }
}
