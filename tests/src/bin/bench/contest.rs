//! One measurement of several parties under the same conditions.
use std::fmt;
use std::time::Duration;

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
    Median(Duration),
    Skipped(&'static str),
}

/// How often each party runs: `BENCH_RUNS`, else 3.
fn runs() -> usize {
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

    /// Lets one party run; `measure` gets the number of the run, distinct over all parties, to name fresh databases with.
    pub(crate) fn enter(&mut self, name: &'static str, measure: impl Fn(usize) -> Duration) {
        self.enter_times(name, runs(), measure);
    }

    /// The same, one run only: for a party so slow that its scatter says nothing.
    pub(crate) fn enter_once(&mut self, name: &'static str, measure: impl Fn(usize) -> Duration) {
        self.enter_times(name, 1, measure);
    }

    fn enter_times(&mut self, name: &'static str, runs: usize, measure: impl Fn(usize) -> Duration) {
        let mut times: Vec<Duration> = (0..runs)
            .map(|run| {
                let took = measure(self.parties.len() * 100 + run);
                eprintln!("   {name}: {:.2} s", took.as_secs_f64());
                took
            })
            .collect();
        times.sort();
        self.parties.push(Party { name, outcome: Outcome::Median(times[times.len() / 2]) });
    }

    /// Notes that a party cannot run here.
    pub(crate) fn skip(&mut self, name: &'static str, why: &'static str) {
        self.parties.push(Party { name, outcome: Outcome::Skipped(why) });
    }
}

impl fmt::Display for Contest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (median of {}; speed relative to ours)", self.title, runs())?;
        let ours = self.parties.iter().find_map(|party| match party.outcome {
            Outcome::Median(took) => Some(took.as_secs_f64()),
            Outcome::Skipped(_) => None,
        });
        for party in &self.parties {
            match party.outcome {
                Outcome::Median(took) => {
                    let seconds = took.as_secs_f64();
                    let ratio = ours.unwrap_or(seconds) / seconds;
                    let speed = self.amount / seconds;
                    writeln!(
                        f,
                        "  {ratio:6.2}x  {:<28} {seconds:8.2} s  {speed:12.0} {}/s",
                        party.name, self.unit
                    )?;
                }
                Outcome::Skipped(why) => writeln!(f, "       -  {:<28} skipped: {why}", party.name)?,
            }
        }
        Ok(())
    }
}
