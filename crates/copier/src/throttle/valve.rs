//! Valve of one stream of rows: its part of the gate.

use std::time::Duration;

use futures_util::future::BoxFuture;
use parts::Report;
use tokio::time::Instant;

use crate::progress::Progress;
use crate::throttle::gate::Gate;

/// How often a copy that waits says that it lives.
const SIGN: Duration = Duration::from_secs(1);

/// The part of the gate that one stream of rows passes through.
pub(crate) struct Valve {
    pub(crate) gate: Gate,
    pub(crate) progress: Progress,
    pub(crate) report: Report,
    pub(crate) table: String,
    /// One that is held for longer is given up.
    pub(crate) patience: Option<Duration>,
    /// One that is slowed down and not done by then is given up.
    pub(crate) deadline: Option<Instant>,
    /// Bytes so far.
    pub(crate) passed: u64,
}

impl pg::Valve for Valve {
    fn pass(&mut self, bytes: u64) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let passing = self.gate.pass(bytes, self.patience);
            if !living(&self.report, passing).await {
                return false;
            }
            if self.deadline.is_some_and(|deadline| Instant::now() > deadline) && self.gate.slows() {
                return false;
            }
            self.passed += bytes;
            self.progress.bytes(&self.table, bytes);
            self.report.sign();
            true
        })
    }
}

/// Waits for what the copy is kept from on purpose: it lives meanwhile.
pub(crate) async fn living<T>(report: &Report, waiting: impl Future<Output = T>) -> T {
    let mut waiting = std::pin::pin!(waiting);
    loop {
        match tokio::time::timeout(SIGN, &mut waiting).await {
            Ok(done) => return done,
            Err(_) => report.sign(),
        }
    }
}
