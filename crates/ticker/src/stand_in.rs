//! Stand-in for a `pgqd`: makes the ticks of one database as long as it is called for.

use pgq::tick_lock;
use tokio_util::sync::CancellationToken;

use crate::tend::{Duties, end_of_life};
use crate::{Error, Report, Ticker};

/// The name of its connection in `pg_stat_activity`.
const APPLICATION: &str = "pgqd stand-in";

/// Takes the database's upkeep away when the ticks end, however that comes.
struct Upkeep<'a> {
    ticker: &'a Ticker,
    database: &'a str,
}

impl Drop for Upkeep<'_> {
    fn drop(&mut self) {
        self.ticker.has_queues(self.database, false);
    }
}

impl Ticker {
    /// Makes the ticks of `database` until stopped, and has its upkeep done. Whoever calls for it has seen that nobody
    /// makes them; so it also works where the lock is held, by somebody who does not.
    ///
    /// # Errors
    /// The database is not reached, the connection was lost, or ticking is refused.
    pub async fn stand_in(
        &self,
        database: &str,
        report: &Report,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let connect = self.config.database(database);
        let mut duties = Duties::of(&self.config);
        let failed = |error| Error::doing(database, "taking the lock of its ticker")(error);
        while !stop.is_cancelled() {
            let session = stop.run_until_cancelled(pg::Session::connect(&connect, APPLICATION)).await;
            let Some(session) = session else { return Ok(()) };
            let session = session.map_err(Error::connect(database))?;
            session.end_soon_after_client().await.map_err(failed)?;
            let locked = tick_lock::try_take(&session).await.map_err(failed)?;
            if !locked {
                let holder = tick_lock::holder(&session).await.map_err(failed)?;
                let holder = holder.map_or_else(|| "nobody any more".to_owned(), |holder| holder.to_string());
                tracing::warn!(
                    "ticks are overdue although their lock is held, by {holder}: making them all the same"
                );
            }
            self.has_queues(database, true);
            let _upkeep = Upkeep { ticker: self, database };
            let end = end_of_life(self.config.connection_lifetime);
            self.serve(database, &session, &mut duties, end, report, &stop).await?;
            if locked {
                self.disown(database, &session).await?;
            }
        }
        Ok(())
    }
}
