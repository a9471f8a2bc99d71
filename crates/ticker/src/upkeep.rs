//! Upkeep of a database now and then: rotation, vacuum. Over a connection of its own, open only meanwhile: a statement
//! that takes long, or waits for a lock, delays no tick.

use std::collections::{BTreeMap, VecDeque};

use parts::fail_point;
use pgq::maintenance::{self, Operation};
use tokio_util::sync::CancellationToken;

use crate::tend::periodic;
use crate::{APPLICATION, Error, Report, Ticker};

/// What is to be done in this round, and what went wrong in those before.
#[derive(Default)]
struct Round {
    operations: VecDeque<Operation>,
    /// Which operations failed with what the last time.
    failing: BTreeMap<Operation, String>,
}

impl Ticker {
    /// Does the upkeep of `database` each `maint_period` until stopped.
    ///
    /// # Errors
    /// The database is not reached, or the connection was lost. An operation that is refused is logged, and keeps
    /// nobody from the others.
    pub async fn maintain(
        &self,
        database: &str,
        report: &Report,
        stop: CancellationToken,
    ) -> Result<(), Error> {
        let mut due = periodic(self.config.maint_period);
        let mut round = Round::default();
        loop {
            let work = async {
                due.tick().await;
                self.round(database, report, &mut round).await
            };
            match stop.run_until_cancelled(work).await {
                Some(done) => done?,
                None => return Ok(()),
            }
        }
    }

    async fn round(&self, database: &str, report: &Report, round: &mut Round) -> Result<(), Error> {
        // VACUUM takes its time
        let connect = self.config.database(database).within(self.config.limits.unhurried());
        let session = pg::Session::connect(&connect, APPLICATION).await.map_err(Error::connect(database))?;
        let operations = maintenance::operations(&session).await;
        round.operations = operations.map_err(Error::doing(database, "pgq.maint_operations()"))?.into();
        while let Some(operation) = round.operations.front().cloned() {
            report.sign();
            if !step(database, &session, &operation, &mut round.failing).await? {
                round.operations.pop_front();
            }
        }
        self.stats.maintained();
        report.progress();
        Ok(())
    }
}

/// One step of an operation; true when there is more of it. One that fails is logged once.
async fn step(
    database: &str,
    session: &pg::Session,
    operation: &Operation,
    failing: &mut BTreeMap<Operation, String>,
) -> Result<bool, Error> {
    tracing::debug!("{operation}");
    let done = maintenance::run(session, operation).await;
    fail_point::reached("maintained");
    match done {
        Ok(true) => return Ok(true),
        Ok(false) => {
            if failing.remove(operation).is_some() {
                tracing::info!("{operation} works again");
            }
        }
        Err(error) if error.is_connection_lost() => {
            return Err(Error::doing(database, operation.to_string())(error));
        }
        Err(error) => {
            let text = error.to_string();
            if failing.get(operation) != Some(&text) {
                tracing::error!("{operation}: {text}");
            }
            failing.insert(operation.clone(), text);
        }
    }
    Ok(false)
}
