//! Ticks of one database, over one connection.

use std::future::ready;
use std::time::Duration;

use parts::fail_point;
use pgq::{maintenance, tick_watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::pace::Pace;
use crate::{APPLICATION, Config, Error, Report, Ticker};

/// What is due when. Events come back in bunches, so that ticks go on between them.
pub(crate) struct Duties {
    pace: Pace,
    /// Ticks are announced to other processes; not any more once the server could not take an announcement.
    aloud: bool,
    /// The server is asked to wait for events; not any more over a connection where it could not.
    waits: bool,
    /// What was waited for has made no tick: it is not due yet, which nobody can wait for.
    in_vain: bool,
    /// The last question for ticks that are due.
    asked: Instant,
    retry: Interval,
    observe: Interval,
    retrying: bool,
}

impl Duties {
    pub(crate) fn of(config: &Config) -> Duties {
        Duties {
            pace: Pace::new(config.ticker_period),
            aloud: true,
            waits: true,
            in_vain: false,
            asked: Instant::now(),
            retry: periodic(config.retry_period),
            observe: periodic(OBSERVE),
            retrying: false,
        }
    }

    /// Whether the server waits for events until then.
    fn waits_on_server(&self, due: Instant) -> bool {
        self.waits && !self.in_vain && due.saturating_duration_since(Instant::now()) >= QUIET
    }
}

/// A shorter rest is none that the server waits for.
const QUIET: Duration = Duration::from_millis(150);
/// How long the server waits in one statement at most: for so long it also holds back what VACUUM may remove.
const ONE_WAIT: Duration = Duration::from_secs(5);
/// How often ticks are asked for where no events are: queues want some in quiet times, too.
const IDLE: Duration = Duration::from_secs(10);

// whoever watches over the ticks waits longer
const _: () = assert!(IDLE.as_secs() + ONE_WAIT.as_secs() < tick_watch::IDLE_SLACK.as_secs());

/// Rests until then, or until there are events; whether there are, where the server was asked.
async fn rest(session: &pg::Session, due: Instant, on_server: bool) -> pg::Result<Option<bool>> {
    if !on_server {
        sleep_until(due).await;
        return Ok(None);
    }
    maintenance::wait_for_events(session, ONE_WAIT).await.map(Some)
}

/// How often queues are looked at for metrics.
const OBSERVE: Duration = Duration::from_secs(15);

impl Ticker {
    /// Makes ticks in `database`, and hands retried events back, until stopped; stands by while another `pgqd` does.
    /// While it has no schema `pgq` it is looked at each `check_period`, without keeping a connection.
    ///
    /// # Errors
    /// The database is not reached, the connection was lost, or ticking is refused.
    pub async fn tend(&self, database: &str, report: &Report, stop: CancellationToken) -> Result<(), Error> {
        let config = &self.config;
        let connect = config.database(database);
        let mut duties = Duties::of(config);
        let mut known = false;
        loop {
            let session = stop.run_until_cancelled(pg::Session::connect(&connect, APPLICATION)).await;
            let Some(session) = session else { return Ok(()) };
            let session = session.map_err(Error::connect(database))?;
            let version = maintenance::version(&session).await;
            let version = version.map_err(Error::doing(database, "looking for schema pgq"))?;
            match version {
                Some(version) => {
                    if !known {
                        tracing::info!("pgq {version}");
                    }
                    known = true;
                    let end = end_of_life(config.connection_lifetime);
                    if self.own(database, &session, end, report, &stop).await? {
                        self.has_queues(database, true);
                        self.serve(database, &session, &mut duties, end, report, &stop).await?;
                        self.disown(database, &session).await?;
                    }
                    tracing::debug!("connection closed");
                }
                None => {
                    self.has_queues(database, false);
                    tracing::debug!("no schema pgq");
                    drop(session);
                    report.progress();
                    stop.run_until_cancelled(sleep(config.check_period)).await;
                }
            }
            if stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// Uses one connection until `end` of its life, or until stopped.
    pub(crate) async fn serve(
        &self,
        database: &str,
        session: &pg::Session,
        duties: &mut Duties,
        end: Instant,
        report: &Report,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let mut due = Instant::now();
        // the schema may have come since the last one
        duties.waits = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = sleep_until(end) => return Ok(()),
                events = rest(session, due, duties.waits_on_server(due)) => match events {
                    Ok(Some(false)) if duties.asked.elapsed() < IDLE => {
                        report.ticked(0);
                        due = Instant::now() + duties.pace.rest();
                    }
                    Ok(events) => {
                        let ticked = self.tick(database, session, duties, report).await?;
                        duties.in_vain = events == Some(true) && !ticked;
                        duties.asked = Instant::now();
                        due = Instant::now() + duties.pace.rest();
                    }
                    Err(error) if error.is_connection_lost() => {
                        return Err(Error::doing(database, "waiting for events")(error));
                    }
                    Err(error) => {
                        tracing::debug!("the server does not wait for events: {error}");
                        duties.waits = false;
                    }
                },
                _ = duties.retry.tick() => duties.retrying = true,
                _ = duties.observe.tick(), if self.observing => {
                    match pgq::observe::look(session).await {
                        Ok(observed) => report.tell(|facts| facts.observed = Some(observed)),
                        Err(error) if error.is_connection_lost() => {
                            return Err(Error::doing(database, "looking at the queues")(error));
                        }
                        Err(error) => tracing::debug!("no metrics of the queues: {error}"),
                    }
                }
                () = ready(()), if duties.retrying => {
                    let events = maintenance::retry_events(session).await;
                    let events = events.map_err(Error::doing(database, "pgq.maint_retry_events()"))?;
                    duties.retrying = events > 0;
                    self.stats.retried(events.try_into().unwrap_or(0));
                }
            }
        }
    }

    /// Makes the ticks that are due; whether there were any.
    async fn tick(
        &self,
        database: &str,
        session: &pg::Session,
        duties: &mut Duties,
        report: &Report,
    ) -> Result<bool, Error> {
        let mut ticked = if duties.aloud {
            maintenance::tick_aloud(session).await
        } else {
            maintenance::tick(session).await
        };
        if let Err(error) = &ticked
            && duties.aloud
            && error.sqlstate() == Some(&pg::SqlState::PROGRAM_LIMIT_EXCEEDED)
        {
            tracing::warn!("database {database}: ticks are not announced any more: {error}");
            duties.aloud = false;
            ticked = maintenance::tick(session).await;
        }
        let queues = ticked.map_err(Error::doing(database, "pgq.ticker()"))?;
        if queues > 0 {
            fail_point::reached("ticked");
        }
        tracing::trace!("{queues} ticks");
        self.stats.ticked();
        let ticks = queues.try_into().unwrap_or(0);
        report.ticked(ticks);
        self.stands_in.iter().for_each(|stand_in| stand_in.ticked(ticks));
        if queues > 0 {
            duties.pace.ticked();
            self.bell.ring();
        }
        Ok(queues > 0)
    }
}

/// When a connection is replaced that is made now. 0: never, as far as the clock's numbers go.
pub(crate) fn end_of_life(lifetime: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);
    Instant::now() + if lifetime.is_zero() { NEVER } else { lifetime }
}

pub(crate) fn periodic(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
