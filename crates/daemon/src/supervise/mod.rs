//! Supervision: each part of the process runs until it is told to stop; one that fails is started
//! again, with pauses that grow, and nobody else is disturbed.

mod failure_log;
mod follow;
mod liveness;
mod part;
mod terms;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use parts::Report;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, error_span};

use crate::BoxError;
use crate::log::{LogFile, within};
pub use terms::{Backoff, PartStatus, Patience, State};
use terms::{Board, Ending, Terms};

/// Runs the parts of one job.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
///
/// use daemon::BoxError;
/// use daemon::supervise::{Backoff, Supervisor};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let backoff = Backoff { shortest: Duration::from_millis(1), ..Backoff::default() };
/// let supervisor = Supervisor::new("job", backoff);
/// let tries = Arc::new(AtomicU32::new(0));
/// let counted = Arc::clone(&tries);
/// supervisor.start("part", move |_stop| {
///     let tried = counted.fetch_add(1, Ordering::Relaxed);
///     async move { if tried == 0 { Err::<(), BoxError>("once".into()) } else { Ok(()) } }
/// });
/// supervisor.finished().await;
/// assert_eq!(tries.load(Ordering::Relaxed), 2);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Supervisor {
    terms: Terms,
    log: Option<Arc<LogFile>>,
    stop: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
}

/// A part that gives no sign of life for so long is looked at: does a server work for it?
const SILENCE: Duration = Duration::from_secs(15);

impl Supervisor {
    /// A supervisor without parts. `job` stands in their log lines.
    pub fn new(job: &str, backoff: Backoff) -> Supervisor {
        Supervisor {
            terms: Terms {
                job: job.into(),
                backoff,
                patience: None,
                silence: SILENCE,
                board: Board::default(),
            },
            log: None,
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            tasks: TaskTracker::new(),
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
    pub fn losing_patience(mut self, patience: Option<Patience>) -> Supervisor {
        self.terms.patience = patience;
        self
    }

    /// Parts may rest for so long between two pieces of work.
    #[must_use]
    pub fn resting_up_to(mut self, rest: Duration) -> Supervisor {
        self.terms.silence = SILENCE + rest;
        self
    }

    /// The same supervisor, for parts that wait no longer than this after a failure.
    #[must_use]
    pub fn pausing_at_most(&self, longest: Duration) -> Supervisor {
        let mut hurried = self.clone();
        hurried.terms.backoff.longest = hurried.terms.backoff.longest.min(longest);
        hurried
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
        let part = part::Part::new(&self.terms, name, report, ending);
        let span = error_span!("job", job = %self.terms.job, part = name);
        let abort = self.abort.clone();
        let supervised = async move {
            abort.run_until_cancelled_owned(part.supervise(run, stop)).await;
        };
        self.tasks.spawn(within(self.log.clone(), supervised.instrument(span)))
    }

    /// What became of each part so far, by name.
    pub fn status(&self) -> Vec<PartStatus> {
        self.terms.board.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
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
        let span = error_span!("job", job = %self.terms.job);
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
