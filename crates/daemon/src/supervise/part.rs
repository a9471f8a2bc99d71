//! Part of a process: run, fail, wait, run again.

use std::panic::AssertUnwindSafe;
use std::sync::PoisonError;
use std::time::SystemTime;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::FutureExt;
use parts::Report;
use pg::Watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::BoxError;
use crate::error::{cause, chain};
use crate::supervise::failure_log::FailureLog;
use crate::supervise::liveness;
use crate::supervise::terms::{Ending, PartStatus, State, Terms};

pub(super) struct Part {
    status: PartStatus,
    terms: Terms,
    ending: Ending,
    watch: Watch,
    /// Pieces of work done when it failed last, and failures since the last of them.
    pieces: u64,
    fruitless: u32,
}

impl Part {
    pub(super) fn new(terms: &Terms, name: &str, report: Report, ending: Ending) -> Part {
        let status = PartStatus {
            name: name.to_owned(),
            state: State::Running,
            since: SystemTime::now(),
            failures: 0,
            failures_in_all: 0,
            last_error: None,
            cause: None,
            report,
        };
        Part { status, terms: terms.clone(), ending, watch: Watch::default(), pieces: 0, fruitless: 0 }
    }

    /// Returns when the part is done, or was asked to stop and has.
    pub(super) async fn supervise<F, R>(mut self, run: F, stop: CancellationToken)
    where
        F: Fn(CancellationToken) -> R + Sync,
        R: Future<Output = Result<(), BoxError>>,
    {
        let mut failure_log = FailureLog::default();
        let mut pauses = self.pauses();
        loop {
            self.note(State::Running);
            let mut well = false;
            // on the heap: a part's future is large, and every frame that held it by value would add its size to the
            // stack
            let mut attempt = Box::pin(self.attempt(&run, &stop));
            let outcome = tokio::select! {
                biased;
                outcome = &mut attempt => outcome,
                () = sleep(self.terms.backoff.healthy) => {
                    failure_log.well_again();
                    well = true;
                    let mut status = self.status.clone();
                    status.failures = 0;
                    (status.last_error, status.cause) = (None, None);
                    self.publish(status);
                    pauses = self.pauses();
                    (&mut attempt).await
                }
            };
            drop(attempt);
            if well {
                self.status.failures = 0;
                (self.status.last_error, self.status.cause) = (None, None);
            }
            let failure = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(error)) => {
                    self.status.cause = cause(error.as_ref());
                    Some(chain(error.as_ref()))
                }
                Err(panic) => {
                    self.status.cause = None;
                    Some(format!("panic: {}", words(panic.as_ref())))
                }
            };
            if failure.is_none() && self.ending == Ending::Final {
                break;
            }
            let longest = self.terms.backoff.longest.max(self.terms.backoff.shortest);
            let pause = pauses.next().unwrap_or(longest).min(longest);
            if let Some(text) = failure {
                if stop.is_cancelled() {
                    tracing::warn!("failed while it was stopping: {text}");
                } else {
                    failure_log.about(&text, pause);
                }
                self.status.failures += 1;
                self.status.failures_in_all += 1;
                self.count(&text);
                self.status.last_error = Some(text);
            }
            self.note(State::Waiting);
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        if self.status.last_error.is_none() {
            failure_log.well_again();
        }
        self.note(State::Ended);
    }

    /// One run, until it ends or its connections prove lost.
    async fn attempt<F, R>(
        &self,
        run: &F,
        stop: &CancellationToken,
    ) -> Result<Result<(), BoxError>, Box<dyn std::any::Any + Send>>
    where
        F: Fn(CancellationToken) -> R + Sync,
        R: Future<Output = Result<(), BoxError>>,
    {
        let (watch, application) = (&self.watch, format!("{} watch", self.terms.job));
        // processes that were given up hold locks that would be waited for
        watch.bury(&application).await;
        // the closure itself may panic as well
        let work = AssertUnwindSafe(watch.over(async { run(stop.clone()).await })).catch_unwind();
        tokio::select! {
            biased;
            outcome = work => outcome,
            lost = liveness::keep(watch, &self.status.report, self.terms.silence, &application) => Ok(Err(lost.into())),
        }
    }

    /// Counts failures without progress; when there are too many, the process is told.
    fn count(&mut self, text: &str) {
        let pieces = self.status.report.pieces();
        self.fruitless = if pieces == self.pieces { self.fruitless + 1 } else { 1 };
        self.pieces = pieces;
        if let Some(patience) = self.terms.patience.as_ref().filter(|p| self.fruitless == p.failures) {
            let (job, name, failures) = (&self.terms.job, &self.status.name, self.fruitless);
            // nobody listens any more when the process ends already
            _ = patience.over.send(format!(
                "{job}, {name}: {failures} failures in a row without progress; the last: {text}"
            ));
        }
    }

    fn pauses(&self) -> ExponentialBackoff {
        let backoff = self.terms.backoff;
        ExponentialBuilder::default()
            .with_min_delay(backoff.shortest)
            .with_max_delay(backoff.longest.max(backoff.shortest))
            .without_max_times()
            .with_jitter()
            .build()
    }

    fn note(&mut self, state: State) {
        if self.status.state != state {
            self.status.since = SystemTime::now();
        }
        self.status.state = state;
        self.publish(self.status.clone());
    }

    fn publish(&self, status: PartStatus) {
        let mut board = self.terms.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.insert(status.name.clone(), status);
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
