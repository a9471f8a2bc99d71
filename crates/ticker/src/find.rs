//! Databases of a server, and those among them that have queues.

use std::collections::BTreeSet;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{APPLICATION, Error, Report, Ticker};

/// Templates are left alone: a connection to one keeps others from creating databases.
const LIST: &str = "select datname::text from pg_catalog.pg_database
    where datallowconn and not datistemplate and has_database_privilege(datname, 'connect')";

async fn session(connect: &pg::ConnectString) -> pg::Result<pg::Session> {
    pg::refuse_transaction_pooler(connect, APPLICATION).await?;
    pg::Session::connect(connect, APPLICATION).await
}

/// The server or the database may come later: it is not reached, starts or stops, has no room, takes nobody in, or is
/// being made.
fn is_down(error: &pg::Error) -> bool {
    let passing = [
        pg::SqlState::TOO_MANY_CONNECTIONS,
        pg::SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        pg::SqlState::INVALID_CATALOG_NAME,
    ];
    !error.is_auth()
        && (error.is_connection_lost() || error.sqlstate().is_some_and(|state| passing.contains(state)))
}

impl Ticker {
    /// Publishes the databases to tend on the channel of [`Ticker::databases`]: those of `database_list`, or else
    /// what the server lists, each `check_period`, until stopped.
    ///
    /// # Errors
    /// The server cannot be asked. The databases found before stay.
    pub async fn find(&self, report: &Report, stop: CancellationToken) -> Result<(), Error> {
        while let Some(found) = stop.run_until_cancelled(self.list()).await {
            let found = found?;
            report.progress();
            self.databases.send_if_modified(|known| {
                for database in found.difference(known) {
                    tracing::debug!("found database {database}");
                }
                for database in known.difference(&found) {
                    tracing::info!("database {database} is gone");
                }
                let news = *known != found;
                *known = found;
                news
            });
            self.forget_the_gone();
            if !self.config.database_list.is_empty() {
                stop.cancelled().await;
                break;
            }
            if stop.run_until_cancelled(sleep(self.config.check_period)).await.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Start-up check: every database of `database_list`, or the one that lists them, lets this role in. One that is
    /// down is waited for.
    ///
    /// # Errors
    /// The first that refuses this role or its connect string, and why.
    pub async fn check(&self) -> Result<(), Error> {
        let mut with_queues = 0;
        let mut down = 0;
        let databases = self.list().await?;
        if self.config.database_list.is_empty() {
            let initial = &self.config.initial_database;
            session(&self.config.database(initial)).await.map_err(Error::connect(initial))?;
            return Ok(());
        }
        for database in &databases {
            let connect = self.config.database(database);
            let session = match session(&connect).await {
                Ok(session) => session,
                Err(error) if is_down(&error) => {
                    tracing::warn!("database {database} is down, and is waited for: {error}");
                    down += 1;
                    continue;
                }
                Err(error) => return Err(Error::connect(database)(error)),
            };
            let version = pgq::maintenance::version(&session).await;
            if version.map_err(Error::doing(database, "looking for schema pgq"))?.is_some() {
                with_queues += 1;
                pgq::install::require_use(&session, "pgq.maint_operations()")
                    .await
                    .map_err(|source| Error::Privileges { database: database.clone(), source })?;
            }
        }
        if with_queues == 0 && down < databases.len() {
            let names: Vec<_> = databases.into_iter().collect();
            tracing::warn!(
                "schema pgq is in none of the databases ({}): install it with sql/init_noext.sql",
                names.join(", ")
            );
        }
        Ok(())
    }

    async fn list(&self) -> Result<BTreeSet<String>, Error> {
        if !self.config.database_list.is_empty() {
            return Ok(self.config.database_list.iter().cloned().collect());
        }
        let initial = &self.config.initial_database;
        let connect = self.config.database(initial);
        let session = pg::Session::connect(&connect, APPLICATION).await.map_err(Error::connect(initial))?;
        let rows = session.query(LIST, &[]).await.map_err(pg::Error::from);
        let rows = rows.map_err(Error::doing(initial, "listing the databases"))?;
        let names = rows.iter().map(|row| row.try_get(0).map_err(pg::Error::from));
        names.collect::<pg::Result<_>>().map_err(Error::doing(initial, "listing the databases"))
    }
}
