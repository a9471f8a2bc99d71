//! One measurement of several parties under the same conditions.
use std::fmt;
use std::time::Duration;

use crate::costs::Costs;

/// The parties' results; the first one is ours, the others are what it is compared with.
pub(crate) struct Contest {
    title: String,
    unit: &'static str,
    amount: f64,
    parties: Vec<Party>,
}

struct Party {
    name: &'static str,
    outcome: Outcome,
}

enum Outcome {
    Median(Measured),
    Skipped(&'static str),
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) took: Duration,
    pub(crate) costs: Option<Costs>,
}

impl From<Duration> for Measured {
    fn from(took: Duration) -> Measured {
        Measured { took, costs: None }
    }
}

/// How often each party runs: `BENCH_RUNS`, else 3.
pub(crate) fn runs() -> usize {
    std::env::var("BENCH_RUNS")
        .ok()
        .and_then(|value| value.parse().ok())
        .filter(|runs| *runs > 0)
        .unwrap_or(3)
}

impl Contest {
    /// `amount` in `unit` is what every party moves in one run.
    pub(crate) fn new(title: &str, amount: f64, unit: &'static str) -> Contest {
        Contest { title: title.to_owned(), unit, amount, parties: Vec::new() }
    }

    /// Lets one party run; `measure` gets the number of the run, distinct over all parties, to name fresh databases
    /// with.
    pub(crate) fn enter<M: Into<Measured>>(&mut self, name: &'static str, measure: impl Fn(usize) -> M) {
        self.enter_times(name, runs(), measure);
    }

    /// The same, one run only: for a party so slow that its scatter says nothing.
    pub(crate) fn enter_once<M: Into<Measured>>(&mut self, name: &'static str, measure: impl Fn(usize) -> M) {
        self.enter_times(name, 1, measure);
    }

    fn enter_times<M: Into<Measured>>(
        &mut self,
        name: &'static str,
        runs: usize,
        measure: impl Fn(usize) -> M,
    ) {
        let times = (0..runs).map(|run| told(name, measure(self.parties.len() * 100 + run).into())).collect();
        self.take(name, times);
    }

    /// Lets parties run in turn, so that a machine that gets slower meanwhile is slower for all of them.
    pub(crate) fn enter_in_turn(&mut self, parties: &[(&'static str, &dyn Fn() -> Duration)]) {
        let mut times: Vec<Vec<Measured>> = parties.iter().map(|_| Vec::new()).collect();
        for _ in 0..runs() {
            for ((name, measure), times) in parties.iter().zip(&mut times) {
                times.push(told(name, measure().into()));
            }
        }
        parties.iter().zip(times).for_each(|((name, _), times)| self.take(name, times));
    }

    fn take(&mut self, name: &'static str, mut times: Vec<Measured>) {
        times.sort_by_key(|measured| measured.took);
        self.parties.push(Party { name, outcome: Outcome::Median(times[times.len() / 2]) });
    }

    /// Notes that a party cannot run here.
    pub(crate) fn skip(&mut self, name: &'static str, why: &'static str) {
        self.parties.push(Party { name, outcome: Outcome::Skipped(why) });
    }
}

fn told(name: &str, measured: Measured) -> Measured {
    eprintln!("   {name}: {:.2} s", measured.took.as_secs_f64());
    measured
}

impl fmt::Display for Contest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (median of {}; speed relative to ours)", self.title, runs())?;
        let ours = self.parties.iter().find_map(|party| match party.outcome {
            Outcome::Median(measured) => Some(measured.took.as_secs_f64()),
            Outcome::Skipped(_) => None,
        });
        for party in &self.parties {
            match party.outcome {
                Outcome::Median(measured) => {
                    let seconds = measured.took.as_secs_f64();
                    let ratio = ours.unwrap_or(seconds) / seconds;
                    let speed = self.amount / seconds;
                    write!(
                        f,
                        "  {ratio:6.2}x  {:<28} {seconds:8.2} s  {speed:12.0} {}/s",
                        party.name, self.unit
                    )?;
                    measured.costs.iter().try_for_each(|costs| write!(f, "  {costs}"))?;
                    writeln!(f)?;
                }
                Outcome::Skipped(why) => writeln!(f, "       -  {:<28} skipped: {why}", party.name)?,
            }
        }
        Ok(())
    }
}
