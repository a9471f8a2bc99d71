//! Worker of a root: it moves no rows. It publishes sequences and watermarks, and keeps the captures up to date.

use std::collections::HashMap;
use std::time::Duration;

use parts::fail_point;
use pg::Session;
use pgq::definitions::COUNTED;
use pgq::node::{self, NodeInfo};
use pgq::table::TABLES;
use pgq::{Purpose, identity, rename, seq, table};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::definitions::{Counts, Definitions, SELDOM};
use crate::due::Due;
use crate::ended::Ended;
use crate::error::During;
use crate::relax;
use crate::stillness::{STILL, Stillness};
use crate::watch::{self, Watch};
use crate::{Result, Worker, giving};

/// How often sequences are looked at: their margin of 10 000 values has to last that long.
const SEQUENCES: Duration = Duration::from_secs(3);
/// How often the definitions of captured tables are compared with their captures: one query of the catalogs.
const CAPTURES: Duration = Duration::from_secs(5);
/// How long a table is left alone whose lock was not to be had: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A wait for a lock shorter than this is nothing to speak of.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn run(
    worker: &Worker,
    target: &Session,
    node: &NodeInfo,
    stop: &CancellationToken,
) -> Result<Ended> {
    let config = &worker.config;
    let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
    info!(job, queue, node = node.name, "root worker is ready");
    let wait = format!("{}ms", table::wait_on_root(config.limits.lock).as_millis().max(1));
    let sql = "select set_config('lock_timeout', $1, false)";
    target.query_one(sql, &[&wait]).await.during("setting lock_timeout")?;
    // not every pooler lets LISTEN pass; nothing depends on it
    if let Err(error) = target.batch_execute(&format!("listen {TABLES}")).await {
        debug!("commands on this node are seen a little later: {}", pg::Error::from(error));
    }
    let mut bell = worker.bell.listen();
    let (mut sequences, mut captures, mut watermark) = (Due::now(), Due::now(), Due::now());
    let mut reluctant = Reluctant::default();
    let mut watching = Watch::new();
    let mut stillness = Stillness::default();
    // somebody held a lock when it was looked last
    let mut unfinished = false;
    let mut counts = Counts::default();
    let (mut names, mut shapes) = (Definitions::default(), Definitions::within(SELDOM));
    let began = Instant::now();
    while !stop.is_cancelled() {
        if began.elapsed() > config.connection_lifetime() {
            return Ok(Ended::Reconnect);
        }
        bell.hush();
        target.hush();
        if stillness.holds(target).await? {
            worker.ticks.look(config, &worker.report, target, true).await?;
            worker.report.idle(false);
            tokio::select! {
                () = stop.cancelled() => {}
                () = bell.wait(STILL.max(config.loop_delay)) => {}
                // a lost connection shows in the next statement
                _ = target.notification() => {}
            }
            continue;
        }
        let state = worker.state(target).await?;
        if state.node_type.is_some_and(|kind| kind != node.node_type) {
            info!(job, queue, provider = state.provider, "this node is the root no more");
            // the session goes on as the one that holds the node's lock, and nobody reads what it hears
            target.batch_execute("unlisten *").await.during("this node (db)")?;
            return Ok(Ended::Changed);
        }
        if giving::is_closed(&state) {
            watching.look(worker, target, |_| None).await?;
            giving::guard_deadline(worker, target, &state).await?;
            worker.report.idle(state.paused);
            tokio::select! {
                () = stop.cancelled() => {}
                () = bell.wait(config.loop_delay.min(giving::LOOK)) => {}
            }
            continue;
        }
        let mut left_out = false;
        watching.look(worker, target, |_| None).await?;
        worker.ticks.look(config, &worker.report, target, false).await?;
        if !state.uptodate {
            node::set_uptodate(&**target, queue, config.consumer(), true).await?;
        }
        if !state.paused {
            if sequences.comes(SEQUENCES) {
                fail_point::reached("sequences-before");
                seq::publish(&**target, queue).await?;
                fail_point::reached("sequences-after");
            }
            if captures.comes(CAPTURES) {
                let written = counts.written(target).await?;
                left_out = names.hold(&mut counts, written);
                let mut noticed = true;
                if !left_out {
                    noticed &= notice_renames(worker, target).await?;
                    notice_others(worker, target).await?;
                }
                // a capture copes with any definition until it is brought up to date
                if !(reluctant.0.is_empty() && shapes.hold(&mut counts, written)) {
                    refresh_captures(worker, target, &mut reluctant).await?;
                    shapes.looked();
                }
                if !left_out {
                    noticed &= relax::restore(job, queue, target).await?;
                    noticed &= notice_partitions(worker, target).await?;
                    if noticed {
                        names.looked();
                    }
                    unfinished = !noticed;
                }
            }
            if watermark.comes(config.global_wm_publish_period) {
                node::set_global_watermark(&**target, queue, None).await?;
                fail_point::reached("global-watermark-set");
            }
            if state.error.is_some() {
                node::set_error(&**target, queue, config.consumer(), None).await?;
            }
        }
        let is_busy = state.paused
            || state.error.is_some()
            || unfinished
            || !reluctant.0.is_empty()
            || watch::is_live(worker);
        stillness.looked(!is_busy);
        if left_out {
            stillness.again_within(COUNTED);
        }
        worker.report.idle(state.paused);
        tokio::select! {
            () = stop.cancelled() => {}
            () = bell.wait(config.loop_delay) => {}
            _ = target.notification() => {}
        }
    }
    Ok(Ended::Stopped)
}

/// A table whose lock is not to be had now keeps its old capture, which copes with any definition, until the next
/// round.
async fn refresh_captures(worker: &Worker, target: &Session, reluctant: &mut Reluctant) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let stale = table::stale_captures(&**target, queue, worker.config.capture_unchanged).await?;
    reluctant.0.retain(|table, _| stale.contains(table));
    for table in stale.into_iter().filter(|table| reluctant.is_ready(table)).collect::<Vec<_>>() {
        worker.ticks.look(&worker.config, &worker.report, target, false).await?;
        let refreshed = tokio::select! {
            biased;
            refreshed = table::refresh_capture(&**target, queue, &table) => refreshed,
            never = tell_blockers(worker, target.backend_pid(), &table) => match never {},
        };
        match refreshed {
            Ok(()) => info!(job, queue, table, "definition or size has changed: capture brought up to date"),
            Err(error) if error.is_connection_lost() => return Err(error.into()),
            Err(error) => {
                warn!(
                    job,
                    queue, table, "capture could not be brought up to date, trying again later: {error}"
                );
                reluctant.refused(table);
            }
        }
    }
    Ok(())
}

/// Tables that are not there under their names any more, or are others: subscribers are told. False where they are to
/// be looked at again.
async fn notice_renames(worker: &Worker, target: &Session) -> Result<bool> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let noticed = tokio::select! {
        biased;
        noticed = rename::notice(&**target, queue) => noticed,
        never = tell_blockers(worker, target.backend_pid(), "a renamed table") => match never {},
    };
    match noticed {
        Ok(noticed) => noticed.iter().for_each(|(table, notice)| {
            warn!(job, queue, table, "table {notice}: subscribers park it");
        }),
        Err(error) if error.is_connection_lost() => return Err(error.into()),
        Err(error) => {
            warn!(job, queue, "renamed tables could not be looked at, trying again later: {error}");
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same of tables that the stock triggers capture, told here: subscribers look for themselves.
async fn notice_others(worker: &Worker, target: &Session) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    identity::compare_at_provider(&**target, &**target, queue, None, false).await?;
    for (table, notice) in identity::tell(&**target, queue).await? {
        warn!(job, queue, table, "table {notice}: subscribers park it");
    }
    Ok(())
}

/// Partitions that came with rows in them, or went, made no events for these rows: subscribers are told. False where
/// they are to be looked at again.
async fn notice_partitions(worker: &Worker, target: &Session) -> Result<bool> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let noticed = tokio::select! {
        biased;
        noticed = table::notice_partitions(&**target, queue) => noticed,
        never = tell_blockers(worker, target.backend_pid(), "a detached partition") => match never {},
    };
    match noticed {
        Ok(noticed) => noticed.iter().for_each(|(table, partition, notice)| {
            warn!(
                job,
                queue,
                table,
                partition,
                "partition {notice}, without events for its rows: subscribers are told"
            );
        }),
        Err(error) if error.is_connection_lost() => return Err(error.into()),
        Err(error) => {
            warn!(job, queue, "partitions could not be looked at, trying again later: {error}");
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says who keeps a server process waiting, if it waits at all; never returns.
async fn tell_blockers(worker: &Worker, waiting: i32, table: &str) -> std::convert::Infallible {
    tokio::time::sleep(PATIENCE).await;
    // Only to tell more: the wait itself goes on without it.
    if let Ok(db) = worker.db()
        && let Ok(other) = Session::connect(&db, &worker.session_name(Purpose::Locks)).await
        && let Ok(blockers) = pg::blockers(&other, waiting).await
    {
        let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
        blockers.iter().for_each(|blocker| warn!(job, queue, table, "capture waits for a lock of {blocker}"));
    }
    std::future::pending().await
}

/// Tables whose lock was not to be had: the application waits behind every try, so they come rarer and rarer.
#[derive(Default)]
struct Reluctant(HashMap<String, (Instant, Duration)>);

impl Reluctant {
    fn is_ready(&self, table: &str) -> bool {
        self.0.get(table).is_none_or(|(next, _)| Instant::now() >= *next)
    }

    fn refused(&mut self, table: String) {
        let pause = self.0.get(&table).map_or(FIRST_PAUSE, |(_, pause)| (*pause * 2).min(LONGEST_PAUSE));
        self.0.insert(table, (Instant::now() + pause, pause));
    }
}
