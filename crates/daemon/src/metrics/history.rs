//! Lags and rates of the last hour and day, for the plots of the status page: a fixed number of samples for each job.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pgq::node::NodeType;

use crate::status::{JobStatus, Jobs};

/// Between two samples.
const EVERY: Duration = Duration::from_secs(15);
/// Samples of an hour, each of which is one of its own.
pub(super) const HOUR: Span = Span { name: "hour", samples: 240, each: 1 };
/// Samples of a day, each of which stands for twenty.
pub(super) const DAY: Span = Span { name: "day", samples: 288, each: 20 };

/// A time that is looked back on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    name: &'static str,
    samples: usize,
    each: u32,
}

impl Span {
    pub(super) fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn samples(self) -> usize {
        self.samples
    }

    pub(super) fn long(self) -> Duration {
        EVERY * self.each * u32::try_from(self.samples).unwrap_or(u32::MAX)
    }
}

/// A job at one moment; what was not to be had is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Seconds behind.
    pub(super) lag: Option<f64>,
    /// Changes a second.
    pub(super) changes: Option<f64>,
    /// Bytes a second that copies read.
    pub(super) copied: Option<f64>,
}

/// The newest sample is the last one.
#[derive(Debug, Default)]
struct Series {
    hour: VecDeque<Sample>,
    day: VecDeque<Sample>,
    /// Samples that the next one of the day stands for.
    gathered: Vec<Sample>,
}

#[derive(Debug, Default)]
pub(super) struct History {
    series: Mutex<BTreeMap<String, Series>>,
    /// Changes of each job at the sample before.
    counted: Mutex<BTreeMap<String, (Instant, u64)>>,
}

impl History {
    fn sample(&self, jobs: &Jobs) {
        for job in jobs.now(None) {
            match self.of(&job) {
                Some(sample) => self.add(&job.name, sample),
                None if self.jobs().contains(&job.name) => self.add(&job.name, Sample::default()),
                None => {}
            }
        }
    }

    /// A job whose node follows another one.
    fn of(&self, job: &JobStatus) -> Option<Sample> {
        let facts = &job.worker()?.facts;
        let node = facts.node.as_ref().filter(|node| node.kind != NodeType::Root.as_str());
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = counted.remove(&job.name);
        node?;
        let now = Instant::now();
        counted.insert(job.name.clone(), (now, facts.changes));
        let changes = before.and_then(|(at, changes)| {
            let more = facts.changes.checked_sub(changes)?;
            Some(more as f64 / now.duration_since(at).as_secs_f64().max(0.001))
        });
        let copied = facts.outlook.as_ref().map(|seen| seen.rate());
        Some(Sample { lag: facts.lag().map(|lag| lag.as_secs_f64()), changes, copied })
    }

    /// One more sample of a job.
    pub(super) fn add(&self, job: &str, sample: Sample) {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all.entry(job.to_owned()).or_default();
        push(&mut series.hour, sample, HOUR);
        series.gathered.push(sample);
        let gathered = summed(&series.gathered);
        // the one that grows is shown from its beginning on
        if series.gathered.len() > 1 {
            series.day.pop_back();
        }
        push(&mut series.day, gathered, DAY);
        if series.gathered.len() >= DAY.each as usize {
            series.gathered.clear();
        }
    }

    pub(super) fn jobs(&self) -> Vec<String> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(super) fn samples(&self, span: Span) -> BTreeMap<String, Vec<Sample>> {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |series: &Series| {
            let samples = if span == HOUR { &series.hour } else { &series.day };
            samples.iter().copied().collect()
        };
        all.iter().map(|(job, series)| (job.clone(), of(series))).collect()
    }
}

fn push(samples: &mut VecDeque<Sample>, sample: Sample, span: Span) {
    samples.push_back(sample);
    while samples.len() > span.samples {
        samples.pop_front();
    }
}

/// The highest lag, and the means of the rates.
fn summed(samples: &[Sample]) -> Sample {
    let mean = |of: fn(&Sample) -> Option<f64>| {
        let known: Vec<f64> = samples.iter().filter_map(of).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    Sample {
        lag: samples.iter().filter_map(|sample| sample.lag).reduce(f64::max),
        changes: mean(|sample| sample.changes),
        copied: mean(|sample| sample.copied),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_kept_and_no_more_of_it() {
        let history = History::default();
        for number in 0..30_000_u32 {
            let lag = Some(f64::from(number % 20));
            history.add("leaf", Sample { lag, changes: Some(1.0), copied: None });
        }
        let (hour, day) = (history.samples(HOUR), history.samples(DAY));
        assert_eq!((hour["leaf"].len(), day["leaf"].len()), (240, 288));
        // each stands for twenty: the highest lag, the mean of the rates
        let expected = Sample { lag: Some(19.0), changes: Some(1.0), copied: None };
        assert!(day["leaf"].iter().all(|sample| *sample == expected), "{day:?}");
        assert_eq!((HOUR.long().as_secs(), DAY.long().as_secs()), (3600, 86_400));
    }
}
