//! The shop of `tests/demo`: its schema, its data and its writers.
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use postgres::Client;

use super::{Report, is_away, is_elsewhere};
use crate::{Database, Pair, repository};

const OPERATIONS: &str = include_str!("../../demo/writer.sql");

/// The first major version whose type numeric holds infinities: an older target cannot take them.
const NUMERIC_INFINITY: u32 = 14;

/// Distinct numbers for the statements of all writers of this process.
static USED_ONCE: AtomicU64 = AtomicU64::new(1_000);

/// Makes the shop on both sides and fills it on the source.
#[track_caller]
pub fn create(pair: &Pair) {
    for side in [&pair.source, &pair.target] {
        side.psql_file(&file("shop.sql"));
    }
    fill(pair);
}

/// Makes the shop on the source alone, and fills it.
#[track_caller]
pub fn create_source(pair: &Pair) {
    pair.source.psql_file(&file("shop.sql"));
    fill(pair);
}

fn fill(pair: &Pair) {
    pair.source.psql_file(&file("shop_data.sql"));
    let majors = [&pair.source, &pair.target].map(|side| side.cluster.major());
    if majors[1] < NUMERIC_INFINITY && majors[0] >= NUMERIC_INFINITY {
        pair.source
            .execute("update shop.measurement set exact = null where exact in ('Infinity', '-Infinity')");
    }
}

fn file(name: &str) -> PathBuf {
    repository().join("tests/demo").join(name)
}

/// Threads that run the operations of `tests/demo/writer.sql` in random order until stopped.
pub struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Report>>,
}

impl Writers {
    /// Starts `count` writers (one or two) that each pause this long after every operation.
    pub fn start(database: &Database, count: u64, pause: Duration) -> Writers {
        Writers::start_on_whichever(std::slice::from_ref(database), count, pause)
    }

    /// The same on whichever of these takes changes; the first one at first.
    pub fn start_on_whichever(databases: &[Database], count: u64, pause: Duration) -> Writers {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..count).map(|number| {
            let (databases, stop) = (databases.to_vec(), stop.clone());
            let writer = Writer {
                number,
                count,
                random: fastrand::Rng::with_seed(number + 7),
                report: Report::default(),
            };
            std::thread::spawn(move || writer.run(&databases, pause, &stop))
        });
        Writers { threads: threads.collect(), stop }
    }

    /// Stops all writers after the operation in hand.
    pub fn stop(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Report::default();
        for thread in self.threads {
            let report = thread.join().expect("a writer ends");
            all.transactions += report.transactions;
            all.errors.extend(report.errors);
            all.reconnects += report.reconnects;
            all.refused += report.refused;
        }
        all
    }
}

/// Name, weight and statements of each operation.
pub fn operations() -> impl Iterator<Item = (&'static str, u32, &'static str)> {
    OPERATIONS.split("\n-- op ").skip(1).map(|block| {
        let (heading, statements) = block.split_once('\n').expect("statements after the heading");
        let (name, weight) = heading.split_once(' ').expect("a name and a weight");
        (name, weight.trim().parse().expect("a weight"), statements)
    })
}

struct Writer {
    number: u64,
    count: u64,
    random: fastrand::Rng,
    report: Report,
}

impl Writer {
    fn run(mut self, databases: &[Database], pause: Duration, stop: &AtomicBool) -> Report {
        let mut side = 0;
        let deck: Vec<_> = operations()
            .flat_map(|(name, weight, sql)| std::iter::repeat_n((name, sql), weight as usize))
            .collect();
        let mut client: Option<Client> = None;
        while !stop.load(Ordering::Relaxed) {
            let Some(connected) = client.as_mut() else {
                client = databases[side].try_connect().ok();
                std::thread::sleep(Duration::from_millis(if client.is_some() { 0 } else { 100 }));
                continue;
            };
            let (name, template) = deck[self.random.usize(..deck.len())];
            let statements = self.fill_in(template);
            match connected.batch_execute(&statements) {
                Ok(()) => self.report.transactions += 1,
                Err(error) if is_away(&error, connected) => {
                    client = None;
                    self.report.reconnects += 1;
                }
                Err(error) if databases.len() > 1 && is_elsewhere(&error) => {
                    client = None;
                    side = (side + 1) % databases.len();
                    self.report.refused += 1;
                }
                Err(error) => {
                    self.report.errors.push(format!("{name}: {error:?}"));
                    let _ = connected.batch_execute("rollback");
                }
            }
            std::thread::sleep(pause);
        }
        self.report
    }

    fn fill_in(&mut self, template: &str) -> String {
        let used_once = USED_ONCE.fetch_add(1, Ordering::Relaxed) * self.count + self.number;
        let (random, day) = (self.random.u32(..1_000_000), self.random.u32(2..=28));
        substitute(template, |letter| {
            Some(match letter {
                'w' => self.number.to_string(),
                'n' => self.count.to_string(),
                'r' => random.to_string(),
                'u' => used_once.to_string(),
                'd' => format!("{day:02}"),
                _ => return None,
            })
        })
    }
}

/// Replaces `:x`, a colon and one letter that stands alone, but not the type of a cast (`::uuid`).
fn substitute(template: &str, value: impl Fn(char) -> Option<String>) -> String {
    let mut text = String::with_capacity(template.len() + 64);
    let mut rest = template.chars();
    let mut previous = ' ';
    while let Some(here) = rest.next() {
        let mut ahead = rest.clone();
        let letter = ahead.next().filter(|_| here == ':' && previous != ':');
        let alone = !ahead.clone().next().is_some_and(char::is_alphanumeric);
        match letter.filter(|_| alone).and_then(&value) {
            Some(value) => {
                text.push_str(&value);
                rest = ahead;
            }
            None => text.push(here),
        }
        previous = here;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_casts_are_not() {
        let filled = substitute("select ':u'::uuid, a[1:3], '10:00', :r % :n", |letter| {
            letter.is_alphabetic().then(|| letter.to_uppercase().to_string())
        });
        assert_eq!(filled, "select 'U'::uuid, a[1:3], '10:00', R % N");
    }

    #[test]
    fn operations_have_names_weights_and_statements() {
        assert!(operations().count() > 30);
        assert!(operations().all(|(name, weight, sql)| !name.is_empty() && weight > 0 && sql.contains(';')));
    }
}
