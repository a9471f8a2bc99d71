//! Terms on which parts run, and the board on which it stands how they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use parts::Report;
use tokio::sync::mpsc;

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
pub(super) enum Ending {
    Final,
    /// As long as it is wanted it is started again, at the pace of failures.
    WhileWanted,
}

/// What all parts of a job have in common.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// The job's name.
    pub(super) job: Arc<str>,
    pub(super) backoff: Backoff,
    pub(super) patience: Option<Patience>,
    /// A part that gives no sign of life for so long is looked at: does a server work for it?
    pub(super) silence: Duration,
    pub(super) board: Board,
}

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
    /// Failures since the job was started.
    pub failures_in_all: u64,
    /// Why it failed last; `None` when it is well.
    pub last_error: Option<String>,
    /// The same in the words of a server or of the system, which have no row's values; `None` where neither spoke.
    pub cause: Option<String>,
    /// What it tells of its work.
    pub report: Report,
}

/// The newest word on each part.
pub(super) type Board = Arc<Mutex<BTreeMap<String, PartStatus>>>;
