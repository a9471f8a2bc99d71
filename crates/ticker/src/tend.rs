//! Looking after one database over one connection.

use std::collections::{BTreeMap, VecDeque};
use std::future::ready;
use std::time::Duration;

use pgq::maintenance::{self, Operation};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::pace::Pace;
use crate::{APPLICATION, Error, Ticker};

/// No upkeep waits longer than this for a lock, which others would queue behind; it is done the next time.
const LOCK_TIMEOUT: &str = "set lock_timeout = '5s'";

/// When what is due next, and what has begun and is not finished. Long work is done in steps, so that
/// ticks go on between them.
struct Upkeep {
    pace: Pace,
    /// Ticks are announced to other processes; not any more once the server could not take an announcement.
    aloud: bool,
    retry: Interval,
    maint: Interval,
    retrying: bool,
    operations: VecDeque<Operation>,
    /// Which operations failed with what the last time.
    failing: BTreeMap<Operation, String>,
}

impl Ticker {
    /// Ticks, retries and maintains `database` until stopped. While it has no schema `pgq` it is looked at each
    /// `check_period`, without keeping a connection.
    ///
    /// # Errors
    /// The database is not reached, the connection was lost, or ticking is refused.
    pub async fn tend(&self, database: &str, stop: CancellationToken) -> Result<(), Error> {
        let config = &self.config;
        let connect = config.database(database);
        let mut upkeep = Upkeep {
            pace: Pace::new(config.ticker_period),
            aloud: true,
            retry: periodic(config.retry_period),
            maint: periodic(config.maint_period),
            retrying: false,
            operations: VecDeque::new(),
            failing: BTreeMap::new(),
        };
        let mut known = false;
        loop {
            let session = stop.run_until_cancelled(pg::Session::connect(&connect, APPLICATION)).await;
            let Some(session) = session else { return Ok(()) };
            let session = session.map_err(Error::connect(database))?;
            let version = maintenance::version(&session).await;
            match version.map_err(Error::doing(database, "looking for schema pgq"))? {
                Some(version) => {
                    if !known {
                        tracing::info!("pgq {version}");
                    }
                    known = true;
                    let end = Instant::now() + config.connection_lifetime;
                    self.serve(database, &session, &mut upkeep, end, &stop).await?;
                    tracing::debug!("connection closed");
                }
                None => {
                    tracing::debug!("no schema pgq");
                    drop(session);
                    stop.run_until_cancelled(sleep(config.check_period)).await;
                }
            }
            if stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// Uses one connection until `end` of its life, or until stopped.
    async fn serve(
        &self,
        database: &str,
        session: &pg::Session,
        upkeep: &mut Upkeep,
        end: Instant,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let prepared = session.batch_execute(LOCK_TIMEOUT).await.map_err(pg::Error::from);
        prepared.map_err(Error::doing(database, LOCK_TIMEOUT))?;
        let mut due = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = sleep_until(end) => return Ok(()),
                () = sleep_until(due) => {
                    self.tick(database, session, upkeep).await?;
                    due = Instant::now() + upkeep.pace.rest();
                }
                _ = upkeep.retry.tick() => upkeep.retrying = true,
                _ = upkeep.maint.tick(), if upkeep.operations.is_empty() => {
                    let operations = maintenance::operations(session).await;
                    upkeep.operations = operations.map_err(Error::doing(database, "pgq.maint_operations()"))?.into();
                }
                () = ready(()), if upkeep.retrying => {
                    let events = maintenance::retry_events(session).await;
                    let events = events.map_err(Error::doing(database, "pgq.maint_retry_events()"))?;
                    upkeep.retrying = events > 0;
                    self.stats.retried(events.try_into().unwrap_or(0));
                }
                () = ready(()), if !upkeep.operations.is_empty() => self.step(database, session, upkeep).await?,
            }
        }
    }

    async fn tick(&self, database: &str, session: &pg::Session, upkeep: &mut Upkeep) -> Result<(), Error> {
        let mut ticked = if upkeep.aloud {
            maintenance::tick_aloud(session).await
        } else {
            maintenance::tick(session).await
        };
        if let Err(error) = &ticked
            && upkeep.aloud
            && error.sqlstate() == Some(&pg::SqlState::PROGRAM_LIMIT_EXCEEDED)
        {
            tracing::warn!("database {database}: ticks are not announced any more: {error}");
            upkeep.aloud = false;
            ticked = maintenance::tick(session).await;
        }
        let queues = ticked.map_err(Error::doing(database, "pgq.ticker()"))?;
        tracing::trace!("{queues} ticks");
        self.stats.ticked();
        if queues > 0 {
            upkeep.pace.ticked();
            self.bell.ring();
        }
        Ok(())
    }

    /// One step of the operation in hand. One that fails is logged once, and keeps nobody from the others.
    async fn step(&self, database: &str, session: &pg::Session, upkeep: &mut Upkeep) -> Result<(), Error> {
        let Some(operation) = upkeep.operations.front() else { return Ok(()) };
        tracing::debug!("{operation}");
        match maintenance::run(session, operation).await {
            Ok(true) => return Ok(()),
            Ok(false) => {
                if upkeep.failing.remove(operation).is_some() {
                    tracing::info!("{operation} works again");
                }
            }
            Err(error) if error.is_connection_lost() => {
                return Err(Error::doing(database, operation.to_string())(error));
            }
            Err(error) => {
                let text = error.to_string();
                if upkeep.failing.get(operation) != Some(&text) {
                    tracing::error!("{operation}: {text}");
                }
                upkeep.failing.insert(operation.clone(), text);
            }
        }
        upkeep.operations.pop_front();
        if upkeep.operations.is_empty() {
            self.stats.maintained();
        }
        Ok(())
    }
}

fn periodic(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
