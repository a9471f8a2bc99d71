//! Ownership of a database's ticks: one `pgqd` makes them, others stand by.

use std::time::Duration;

use pgq::tick_lock;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{Error, Report, Ticker};

/// Between two tries at first, since a stand-in lets go of the database within two seconds, and later on.
const FIRST_TRIES: Duration = Duration::from_secs(1);
const TRY: Duration = Duration::from_secs(2);
/// Between two looks at who that is.
const LOOK: Duration = Duration::from_secs(4);
/// A ticker that asks nothing of its server for so long and its `ticker_period` stands still.
const SILENT: Duration = Duration::from_secs(8);

impl Ticker {
    /// Waits until the ticks of `database` are this session's. False: stopped, or at the end of the session's life.
    pub(crate) async fn own(
        &self,
        database: &str,
        session: &pg::Session,
        end: Instant,
        report: &Report,
        stop: &CancellationToken,
    ) -> Result<bool, Error> {
        let failed = |error| Error::doing(database, "taking the lock of its ticker")(error);
        session.end_soon_after_client().await.map_err(failed)?;
        tick_lock::announce_pgqd(session).await.map_err(failed)?;
        let mut looked: Option<Instant> = None;
        let began = Instant::now();
        while !tick_lock::try_take(session).await.map_err(failed)? {
            // a stand-in is about to let go
            let lasts = began.elapsed() > LOOK;
            if lasts && looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
                let holder = tick_lock::holder(session).await.map_err(failed)?;
                let holder = holder.map_or_else(String::new, |holder| holder.to_string());
                if looked.is_none() {
                    tracing::info!(
                        "standby: another ticker is at work ({holder}); this one takes over when it is gone"
                    );
                }
                self.has_queues(database, false);
                report.standby(&holder);
                looked = Some(Instant::now());
                let idle = SILENT + self.config.ticker_period;
                match tick_lock::end_idle_holder(session, idle).await {
                    Ok(None) => {}
                    Ok(Some(holder)) => {
                        tracing::warn!("the ticker at work stands still, its session is ended: {holder}");
                    }
                    Err(error) if error.is_connection_lost() => return Err(failed(error)),
                    // a server that lets nobody end sessions
                    Err(error) => tracing::debug!("no ticker that stands still can be ended: {error}"),
                }
            }
            report.sign();
            let pause = if lasts { TRY } else { FIRST_TRIES };
            if Instant::now() >= end || stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return Ok(false);
            }
        }
        if looked.is_some() {
            tracing::info!("the ticker that was at work is gone: this one takes over");
        }
        report.active();
        Ok(true)
    }

    /// Lets others have the ticks; the session's end does the same a little later.
    pub(crate) async fn disown(&self, database: &str, session: &pg::Session) -> Result<(), Error> {
        let released = tick_lock::release(session).await;
        released.map_err(Error::doing(database, "releasing the lock of its ticker"))
    }
}
