//! Lags of the last hours, for the plot of the status page.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::status::Jobs;

/// Between two samples.
pub(super) const EVERY: Duration = Duration::from_secs(15);
/// Six hours.
pub(super) const SAMPLES: usize = 6 * 240;

/// The newest sample of each node is the last one; where none was to be had stands `None`.
#[derive(Debug, Default)]
pub(super) struct History {
    lags: Mutex<BTreeMap<String, VecDeque<Option<f64>>>>,
}

impl History {
    fn sample(&self, jobs: &Jobs) {
        for job in jobs.now(None) {
            let worker = job.parts.iter().find(|part| part.status.name == "worker");
            let lag = worker.and_then(|part| part.facts.batch).map(|batch| batch.lag().as_secs_f64());
            self.add(job.name, lag);
        }
    }

    /// One more sample of a job; one that has never had any is left out.
    pub(super) fn add(&self, job: String, lag: Option<f64>) {
        let mut lags = self.lags.lock().unwrap_or_else(PoisonError::into_inner);
        if lag.is_some() || lags.contains_key(&job) {
            let samples = lags.entry(job).or_default();
            samples.push_back(lag);
            while samples.len() > SAMPLES {
                samples.pop_front();
            }
        }
    }

    pub(super) fn lags(&self) -> BTreeMap<String, VecDeque<Option<f64>>> {
        self.lags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Samples until the future is dropped.
pub(super) async fn keep(history: Arc<History>, jobs: Jobs) {
    let mut due = tokio::time::interval(EVERY);
    loop {
        due.tick().await;
        history.sample(&jobs);
    }
}
