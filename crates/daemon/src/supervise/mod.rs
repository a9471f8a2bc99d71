//! Supervision: each part of the process runs until it is told to stop; one that fails is started
//! again, with pauses that grow, and nobody else is disturbed.

mod failure_log;
mod follow;
mod liveness;
mod part;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgq::Report;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, error_span};

use crate::BoxError;
use crate::log::{LogFile, within};
pub use part::{PartStatus, State};

/// When a failed part is started again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first pause. It doubles from failure to failure, with jitter.
    pub shortest: Duration,
    /// The longest pause; less than the shortest counts as the shortest.
    pub longest: Duration,
    /// A part that ran so long without failing is well again.
    pub healthy: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            shortest: Duration::from_millis(200),
            longest: Duration::from_secs(30),
            healthy: Duration::from_secs(30),
        }
    }
}

/// When a part that fails over and over is more than its supervisor can help.
#[derive(Debug, Clone)]
pub struct Patience {
    /// So many failures in a row, without any progress between them.
    pub failures: u32,
    /// Is told which part it is and why it failed last.
    pub over: mpsc::UnboundedSender<String>,
}

/// Whether a part that ended without error is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Final,
    /// As long as it is wanted it is started again, at the pace of failures.
    WhileWanted,
}

/// Runs the parts of one job.
#[derive(Debug, Clone)]
pub struct Supervisor {
    job: Arc<str>,
    backoff: Backoff,
    patience: Option<Patience>,
    silence: Duration,
    log: Option<Arc<LogFile>>,
    stop: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
    board: Board,
}

/// A part that gives no sign of life for so long is looked at: does a server work for it?
const SILENCE: Duration = Duration::from_secs(15);

/// The newest word on each part.
type Board = Arc<Mutex<BTreeMap<String, PartStatus>>>;

impl Supervisor {
    /// A supervisor without parts. `job` stands in their log lines.
    pub fn new(job: &str, backoff: Backoff) -> Supervisor {
        Supervisor {
            job: job.into(),
            backoff,
            patience: None,
            silence: SILENCE,
            log: None,
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            tasks: TaskTracker::new(),
            board: Board::default(),
        }
    }

    /// Lines of the parts go to this file.
    #[must_use]
    pub fn logging_to(mut self, file: Option<Arc<LogFile>>) -> Supervisor {
        self.log = file;
        self
    }

    /// Gives up on parts that fail without end; the process has to end then.
    #[must_use]
    pub fn losing_patience(self, patience: Option<Patience>) -> Supervisor {
        Supervisor { patience, ..self }
    }

    /// Parts may rest for so long between two pieces of work.
    #[must_use]
    pub fn resting_up_to(self, rest: Duration) -> Supervisor {
        Supervisor { silence: SILENCE + rest, ..self }
    }

    /// Starts a part. `run` is called again after each failure (an error or a panic); `Ok(())` is the end of the
    /// part. Must be called inside a runtime.
    pub fn start<F, R>(&self, name: &str, run: F)
    where
        F: Fn(CancellationToken) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.start_reporting(name, Report::default(), run);
    }

    /// The same for a part that tells its work to `report`.
    pub fn start_reporting<F, R>(&self, name: &str, report: Report, run: F)
    where
        F: Fn(CancellationToken) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.launch(name, report, Ending::Final, self.stop.child_token(), run);
    }

    fn launch<F, R>(
        &self,
        name: &str,
        report: Report,
        ending: Ending,
        stop: CancellationToken,
        run: F,
    ) -> tokio::task::JoinHandle<()>
    where
        F: Fn(CancellationToken) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let part = part::Part::new(self, name, report, ending);
        let span = error_span!("job", job = %self.job, part = name);
        let abort = self.abort.clone();
        let supervised = async move {
            abort.run_until_cancelled_owned(part.supervise(run, stop)).await;
        };
        self.tasks.spawn(within(self.log.clone(), supervised.instrument(span)))
    }

    /// What became of each part so far, by name.
    pub fn status(&self) -> Vec<PartStatus> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Returns when all parts have ended by themselves.
    pub async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Asks all parts to finish what they have in hand; [`Supervisor::finished`] tells when they have.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The same, but after `limit` the parts that still run are dropped, and named. Must be called inside a runtime.
    pub fn stop_within(&self, limit: Duration) {
        self.stop();
        let supervisor = self.clone();
        let ending = async move {
            if tokio::time::timeout(limit, supervisor.finished()).await.is_ok() {
                return;
            }
            let left: Vec<String> = supervisor
                .status()
                .into_iter()
                .filter(|part| part.state != State::Ended)
                .map(|part| part.name)
                .collect();
            tracing::warn!(
                "stop_timeout ({} s) is over: {} left in the middle of its work, which is rolled back",
                limit.as_secs_f64(),
                left.join(", ")
            );
            supervisor.abort();
        };
        let span = error_span!("job", job = %self.job);
        tokio::spawn(within(self.log.clone(), ending.instrument(span)));
    }

    /// Drops all parts where they stand. What they had not committed is rolled back by the servers.
    pub fn abort(&self) {
        self.stop.cancel();
        self.abort.cancel();
    }
}

#[cfg(test)]
mod tests;
