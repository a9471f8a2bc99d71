//! Foreign keys that come back after a copy, on a connection of their own while replay goes on.

use parts::fail_point;
use pg::{ConnectString, Session};
use pgq::Purpose;
use pgq::foreign_key::{self, Step};
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
            application: worker.session_name(Purpose::ForeignKeys),
            job: worker.config.job_name.clone(),
            queue: worker.config.queue_name.clone(),
            running: None,
        })
    }

    /// Whether foreign keys are being restored.
    pub(crate) fn is_restoring(&self) -> bool {
        self.running.is_some()
    }

    /// Starts restoring where there is something to restore and nobody at it. A failure is a warning: it is tried again
    /// at the next look.
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
        let work = foreign_key::has_work(&**target).await.during("looking for foreign keys to restore")?;
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
        let mut session = Session::connect(&self.db, &self.application).await.during("this node (db)")?;
        // what comes back NOT VALID is validated in the second round
        for step in [Step::Restore, Step::Validate] {
            let due = foreign_key::due(&*session, step).await;
            for (table, fkey) in due.during("listing foreign keys to restore")? {
                let done = match step {
                    Step::Restore => restore(&mut session, &table, &fkey).await,
                    Step::Validate => validate(&session, &table, &fkey).await,
                };
                self.describe(&session, &table, &fkey, step, done).await?;
            }
        }
        Ok(())
    }

    /// Logs what became of a foreign key. A failure of its own is kept for `tables` and `status`, and the next one is
    /// tried.
    async fn describe(
        &self,
        session: &Session,
        table: &str,
        fkey: &str,
        step: Step,
        done: std::result::Result<(), pg::Error>,
    ) -> Result<()> {
        let (job, queue) = (&self.job, &self.queue);
        let error = match done {
            Ok(()) if step == Step::Restore => {
                info!(job, queue, table, fkey, "foreign key is back");
                return Ok(());
            }
            Ok(()) => {
                info!(job, queue, table, fkey, "foreign key is validated");
                return Ok(());
            }
            Err(error) if error.is_connection_lost() => return Err(error).during("restoring foreign keys"),
            // whoever holds the lock goes some time: the next look tries again
            Err(error) if error.is_lock_timeout() => {
                warn!(job, queue, table, fkey, "foreign key waits for a lock, trying again: {error}");
                return Ok(());
            }
            Err(error) => error.to_string(),
        };
        warn!(job, queue, table, fkey, "{}: foreign key is not as it was: {error}", step.as_str());
        let stored = foreign_key::set_error(&**session, table, fkey, &error).await;
        stored.during("keeping why a foreign key does not come back")
    }
}

/// Brings a foreign key back. Where the role may not go past it, it is deferrable before anybody can run into it.
async fn restore(session: &mut Session, table: &str, fkey: &str) -> std::result::Result<(), pg::Error> {
    let transaction = session.transaction().await?;
    Step::Restore.take(&transaction, table, fkey).await?;
    foreign_key::relax_tables(&transaction).await?;
    fail_point::reached("fkey-restore-before-commit");
    transaction.commit().await?;
    fail_point::reached("fkey-restored");
    Ok(())
}

async fn validate(session: &Session, table: &str, fkey: &str) -> std::result::Result<(), pg::Error> {
    Step::Validate.take(&**session, table, fkey).await?;
    fail_point::reached("fkey-validated");
    Ok(())
}
