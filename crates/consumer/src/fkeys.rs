//! Foreign keys that a copy has dropped come back on a connection of their own, while replay goes on.

use pg::{ConnectString, Session};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::error::During;
use crate::{Result, Worker};

/// Watches for foreign keys to be restored and validated.
pub(crate) struct ForeignKeys {
    db: ConnectString,
    application: String,
    job: String,
    queue: String,
    running: Option<JoinHandle<Result<()>>>,
}

impl ForeignKeys {
    pub(crate) fn new(worker: &Worker) -> Result<ForeignKeys> {
        Ok(ForeignKeys {
            // validating takes as long as the table is large
            db: worker.db()?.within(worker.config.limits.unhurried()),
            application: worker.application("foreign keys"),
            job: worker.config.job_name.clone(),
            queue: worker.config.queue_name.clone(),
            running: None,
        })
    }

    /// Starts restoring where there is something to restore and nobody at it. A failure is a warning: it is tried again at the next look.
    pub(crate) async fn look(&mut self, target: &Session) -> Result<()> {
        if let Some(running) = self.running.take_if(|running| running.is_finished()) {
            let (job, queue) = (&self.job, &self.queue);
            match running.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    warn!(job, queue, "foreign keys could not be restored, trying again: {error}")
                }
                Err(error) => warn!(job, queue, "restoring foreign keys was broken off: {error}"),
            }
        }
        let sql = "select exists (select from londiste_rs.restorable_fkeys()) \
                       or exists (select from londiste_rs.unvalidated_fkey where error is null)";
        let work: bool =
            target.query_one(sql, &[]).await.during("looking for foreign keys to restore")?.get(0);
        if work && self.running.is_none() {
            let restore = Restore {
                db: self.db.clone(),
                application: self.application.clone(),
                job: self.job.clone(),
                queue: self.queue.clone(),
            };
            self.running = Some(tokio::spawn(restore.run()));
        }
        Ok(())
    }
}

// What is broken off is taken up again by the next worker.
impl Drop for ForeignKeys {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

struct Restore {
    db: ConnectString,
    application: String,
    job: String,
    queue: String,
}

impl Restore {
    async fn run(self) -> Result<()> {
        let (job, queue) = (&self.job, &self.queue);
        let mut session = Session::connect(&self.db, &self.application).await.during("this node (db)")?;
        let sql = "select from_table, fkey_name from londiste_rs.restorable_fkeys()";
        for row in session.query(sql, &[]).await.during("listing foreign keys to restore")? {
            let (table, fkey): (String, String) = (row.get(0), row.get(1));
            let transaction = session.transaction().await.during("restoring a foreign key")?;
            let sql = "select londiste_rs.restore_fkey($1, $2)";
            transaction.query_one(sql, &[&table, &fkey]).await.during("restoring a foreign key")?;
            transaction
                .query_one("select londiste_rs.relax_tables()", &[])
                .await
                .during("relaxing a foreign key")?;
            transaction.commit().await.during("restoring a foreign key")?;
            info!(job, queue, table, fkey, "foreign key is back");
        }
        let sql = "select table_name, fkey_name from londiste_rs.unvalidated_fkey where error is null order by 1, 2";
        for row in session.query(sql, &[]).await.during("listing foreign keys to validate")? {
            let (table, fkey): (String, String) = (row.get(0), row.get(1));
            self.validate(&session, &table, &fkey).await?;
        }
        Ok(())
    }

    /// Rows that break the foreign key are for the operator: the reason is kept, and the next one is tried.
    async fn validate(&self, session: &Session, table: &str, fkey: &str) -> Result<()> {
        let (job, queue) = (&self.job, &self.queue);
        let outcome = session.query_one("select londiste_rs.validate_fkey($1, $2)", &[&table, &fkey]).await;
        let error = match outcome.map_err(pg::Error::from) {
            Ok(_) => {
                info!(job, queue, table, fkey, "foreign key is validated");
                return Ok(());
            }
            Err(error) if error.is_connection_lost() || error.is_lock_timeout() => {
                return Err(error).during("validating a foreign key");
            }
            Err(error) => error.to_string(),
        };
        warn!(job, queue, table, fkey, "foreign key cannot be validated: {error}");
        let sql =
            "update londiste_rs.unvalidated_fkey set error = $3 where table_name = $1 and fkey_name = $2";
        session
            .execute(sql, &[&table, &fkey, &error])
            .await
            .during("keeping why a foreign key cannot be validated")?;
        Ok(())
    }
}
