//! One part: run, fail, wait, run again.

use std::panic::AssertUnwindSafe;
use std::sync::PoisonError;
use std::time::SystemTime;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::FutureExt;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::complaint::Complaint;
use super::{Backoff, Board, Ending};
use crate::BoxError;
use crate::error::chain;

/// What a part is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It failed and waits before it is tried again.
    Waiting,
    /// It ended, by itself or because it was asked to.
    Ended,
}

/// The newest word on a part.
#[derive(Debug, Clone)]
pub struct PartStatus {
    /// Its name, unique within the supervisor.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// Since when.
    pub since: SystemTime,
    /// Failures in a row; 0 when it is well.
    pub failures: u32,
    /// Why it failed last; `None` when it is well.
    pub last_error: Option<String>,
}

pub(super) struct Part {
    status: PartStatus,
    board: Board,
    backoff: Backoff,
    ending: Ending,
}

impl Part {
    pub(super) fn new(name: &str, board: Board, backoff: Backoff, ending: Ending) -> Part {
        let status = PartStatus {
            name: name.to_owned(),
            state: State::Running,
            since: SystemTime::now(),
            failures: 0,
            last_error: None,
        };
        Part { status, board, backoff, ending }
    }

    /// Returns when the part is done, or was asked to stop and has.
    pub(super) async fn supervise<F, R>(mut self, run: F, stop: CancellationToken)
    where
        F: Fn(CancellationToken) -> R + Sync,
        R: Future<Output = Result<(), BoxError>>,
    {
        let mut complaint = Complaint::default();
        let mut pauses = self.pauses();
        loop {
            self.note(State::Running);
            // on the heap: a part's future is large, and every frame that held it by value would add its size to the stack
            let mut attempt = Box::pin(AssertUnwindSafe(async { run(stop.clone()).await }).catch_unwind());
            let outcome = tokio::select! {
                biased;
                outcome = &mut attempt => outcome,
                () = sleep(self.backoff.healthy) => {
                    complaint.well_again();
                    self.status.failures = 0;
                    self.status.last_error = None;
                    self.note(State::Running);
                    pauses = self.pauses();
                    attempt.await
                }
            };
            let failure = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(chain(error.as_ref())),
                Err(panic) => Some(format!("panic: {}", words(panic.as_ref()))),
            };
            if failure.is_none() && self.ending == Ending::Final {
                break;
            }
            let longest = self.backoff.longest.max(self.backoff.shortest);
            let pause = pauses.next().unwrap_or(longest).min(longest);
            if let Some(text) = failure {
                if stop.is_cancelled() {
                    tracing::warn!("failed while it was stopping: {text}");
                } else {
                    complaint.about(&text, pause);
                }
                self.status.failures += 1;
                self.status.last_error = Some(text);
            }
            self.note(State::Waiting);
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        if self.status.last_error.is_none() {
            complaint.well_again();
        }
        self.note(State::Ended);
    }

    fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.backoff.shortest)
            .with_max_delay(self.backoff.longest.max(self.backoff.shortest))
            .without_max_times()
            .with_jitter()
            .build()
    }

    fn note(&mut self, state: State) {
        if self.status.state != state {
            self.status.since = SystemTime::now();
        }
        self.status.state = state;
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.insert(self.status.name.clone(), self.status.clone());
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
