//! Record of the steps on the target, and the lock of the one who works on them.

use std::time::Duration;

use pg::{ConnectString, Session};
use pgq::migration::{self, Recorded};

use super::{Entry, State};
use crate::error::{Error, Result};

/// How long the server may take to end the session of a migrate that was killed.
const ENDING: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why the migration cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Somebody else works on it.
    #[error(
        "another migrate works on queue {queue} already: {who}, server process {pid} of the target, from {machine}; \
         let it come to its end, or stop it there. Where it runs no more: \
         select pg_terminate_backend({pid}) on the target"
    )]
    Taken {
        /// The queue.
        queue: String,
        /// Its `application_name`: program, process and machine.
        who: String,
        /// Its server process.
        pid: i32,
        /// The address that it comes from.
        machine: String,
    },
    /// The target does not answer.
    #[error(transparent)]
    Lost(#[from] Error),
}

/// The session that holds the lock and writes the record. What was done before the target has our schema is kept here
/// until it has it.
pub struct Record {
    at: ConnectString,
    application: String,
    queue: String,
    session: Session,
    kept: Vec<Entry>,
}

impl Record {
    /// Takes the lock of the queue's migration.
    ///
    /// # Errors
    /// Somebody else has it, or the target does not answer.
    pub async fn claim(at: &ConnectString, queue: &str, application: &str) -> Result<Record, Refused> {
        let session = locked(at, queue, application).await?;
        let (at, application, queue) = (at.clone(), application.to_owned(), queue.to_owned());
        Ok(Record { at, application, queue, session, kept: Vec::new() })
    }

    /// Makes sure that the lock is still held: a connection that was lost has given it up.
    ///
    /// # Errors
    /// As [`Record::claim`].
    pub async fn hold(&mut self) -> Result<(), Refused> {
        let alive = self.session.batch_execute("select 1").await.is_ok();
        if !alive {
            self.session = locked(&self.at, &self.queue, &self.application).await?;
        }
        Ok(())
    }

    /// A step begins.
    ///
    /// # Errors
    /// The target does not answer.
    pub async fn begin(&mut self, step: &str) -> Result<()> {
        if self.is_known().await? {
            migration::begin(&*self.session, &self.queue, step).await?;
        }
        Ok(())
    }

    /// A step has come to its end.
    ///
    /// # Errors
    /// The target does not answer.
    pub async fn end(&mut self, entry: &Entry) -> Result<()> {
        self.kept.push(entry.clone());
        if self.is_known().await? {
            for entry in std::mem::take(&mut self.kept) {
                self.write(&entry).await?;
            }
        }
        Ok(())
    }

    /// All that is recorded.
    ///
    /// # Errors
    /// The target does not answer.
    pub async fn list(&self) -> Result<Vec<Recorded>> {
        match self.is_known().await? {
            true => Ok(migration::list(&*self.session, &self.queue).await?),
            false => Ok(Vec::new()),
        }
    }

    /// Another migration begins: what is recorded of an earlier one of the queue is forgotten, but for these entries.
    ///
    /// # Errors
    /// The target does not answer.
    pub async fn start_over(&mut self, entries: &[Entry]) -> Result<()> {
        if self.is_known().await? {
            migration::forget(&*self.session, &self.queue).await?;
            for entry in entries {
                self.write(entry).await?;
            }
        }
        Ok(())
    }

    async fn is_known(&self) -> Result<bool> {
        Ok(migration::is_known(&*self.session).await?)
    }

    async fn write(&self, entry: &Entry) -> Result<()> {
        let state = match entry.state {
            State::Earlier => return self.settle(entry).await,
            State::Done => "done",
            State::Partly | State::Unverified => "partly",
            State::Failed => "failed",
            State::Open => return Ok(()),
        };
        let step = (entry.step.name(), state);
        migration::end(&*self.session, &self.queue, step, &entry.note, entry.seconds).await?;
        Ok(())
    }

    /// A step was found done. What is recorded stays, unless its last attempt died before it was recorded.
    async fn settle(&self, entry: &Entry) -> Result<()> {
        let recorded = migration::list(&*self.session, &self.queue).await?;
        let name = entry.step.name();
        if recorded.iter().any(|recorded| recorded.step == name && recorded.state != "done") {
            migration::end(&*self.session, &self.queue, (name, "done"), &entry.note, 0.0).await?;
        }
        Ok(())
    }
}

/// A session with the lock. The server may still be ending that of a migrate that was killed.
async fn locked(at: &ConnectString, queue: &str, application: &str) -> Result<Session, Refused> {
    let session = Session::connect(at, application).await.map_err(Error::from)?;
    let until = tokio::time::Instant::now() + ENDING;
    loop {
        let ask = async {
            match migration::try_lock(&*session, queue).await? {
                true => Ok(None),
                false => migration::holder(&*session, queue).await.map(Some),
            }
        };
        match ask.await.map_err(|error| Error::from(pg::Error::from(error)))? {
            None => return Ok(session),
            Some(Some(holder)) if tokio::time::Instant::now() > until => {
                let (queue, who, pid) = (queue.to_owned(), holder.application, holder.pid);
                return Err(Refused::Taken { queue, who, pid, machine: holder.machine });
            }
            // it ends, or has ended between the two questions
            Some(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}
