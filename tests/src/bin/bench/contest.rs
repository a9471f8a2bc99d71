//! One measurement of several parties under the same conditions.
use std::fmt;
use std::time::Duration;

use tests::Pair;
use tests::setup::Tools;

use crate::costs::Costs;
use crate::plot;

/// The parties; the first one is ours, the others are what it is compared with.
pub(crate) struct Contest<'a> {
    title: String,
    unit: &'static str,
    amount: f64,
    parties: Vec<Party<'a>>,
}

struct Party<'a> {
    name: &'static str,
    part: Part<'a>,
}

enum Part<'a> {
    Runs { measure: Box<dyn Fn(usize) -> Measured + 'a>, at_most: usize, results: Vec<Measured> },
    Skipped(&'static str),
}

impl Part<'_> {
    /// The median; `None` where nothing was measured.
    fn seconds(&self) -> Option<f64> {
        match self {
            Part::Runs { results, .. } => median(results).map(|measured| measured.took.as_secs_f64()),
            Part::Skipped(_) => None,
        }
    }
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

/// Whether the stock tools take part: they are installed, and `BENCH_STOCK=0` does not leave them out.
pub(crate) fn with_stock(pair: &Pair) -> bool {
    let left_out = std::env::var("BENCH_STOCK").is_ok_and(|value| value == "0");
    !left_out && Tools::Stock.are_installed(pair)
}

impl<'a> Contest<'a> {
    /// `amount` in `unit` is what every party moves in one run.
    pub(crate) fn new(title: &str, amount: f64, unit: &'static str) -> Contest<'a> {
        Contest { title: title.to_owned(), unit, amount, parties: Vec::new() }
    }

    /// Enters one party; `measure` gets the number of the run, distinct over all parties, to name fresh databases
    /// with.
    pub(crate) fn enter<M: Into<Measured>>(&mut self, name: &'static str, measure: impl Fn(usize) -> M + 'a) {
        self.enter_times(name, runs(), measure);
    }

    /// The same, one run only: for a party so slow that its scatter says nothing.
    pub(crate) fn enter_once<M: Into<Measured>>(
        &mut self,
        name: &'static str,
        measure: impl Fn(usize) -> M + 'a,
    ) {
        self.enter_times(name, 1, measure);
    }

    fn enter_times<M: Into<Measured>>(
        &mut self,
        name: &'static str,
        at_most: usize,
        measure: impl Fn(usize) -> M + 'a,
    ) {
        let measure = Box::new(move |run| measure(run).into());
        self.parties.push(Party { name, part: Part::Runs { measure, at_most, results: Vec::new() } });
    }

    /// Notes that a party cannot run here.
    pub(crate) fn skip(&mut self, name: &'static str, why: &'static str) {
        self.parties.push(Party { name, part: Part::Skipped(why) });
    }

    /// Lets the parties run in turn, so that a machine that gets slower meanwhile is slower for all of them, and tells
    /// the medians.
    pub(crate) fn hold(mut self) -> String {
        for round in 0..runs() {
            for (place, Party { name, part }) in self.parties.iter_mut().enumerate() {
                if let Part::Runs { measure, at_most, results } = part
                    && round < *at_most
                {
                    let measured = measure(place * 100 + round);
                    eprintln!("   {name}: {:.2} s", measured.took.as_secs_f64());
                    results.push(measured);
                }
            }
        }
        // the case's name stands before the colon
        plot::keep(self.title.split(':').next().unwrap_or_default(), || {
            let medians = self.parties.iter().filter_map(|party| Some((party.name, party.part.seconds()?)));
            plot::bars(&self.title, &medians.collect::<Vec<_>>())
        });
        self.to_string()
    }
}

/// The median; `None` where nothing was measured.
fn median(results: &[Measured]) -> Option<Measured> {
    let mut sorted = results.to_vec();
    sorted.sort_by_key(|measured| measured.took);
    sorted.get(sorted.len() / 2).copied()
}

impl fmt::Display for Contest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (median of {}; speed relative to ours)", self.title, runs())?;
        let ours = self.parties.iter().find_map(|party| party.part.seconds());
        for Party { name, part } in &self.parties {
            match part {
                Part::Skipped(why) => writeln!(f, "       -  {name:<28} skipped: {why}")?,
                Part::Runs { results, .. } => {
                    let Some(measured) = median(results) else { continue };
                    let seconds = measured.took.as_secs_f64();
                    let ratio = ours.unwrap_or(seconds) / seconds;
                    let speed = self.amount / seconds;
                    write!(f, "  {ratio:6.2}x  {name:<28} {seconds:8.2} s  {speed:12.0} {}/s", self.unit)?;
                    measured.costs.iter().try_for_each(|costs| write!(f, "  {costs}"))?;
                    writeln!(f)?;
                }
            }
        }
        Ok(())
    }
}
