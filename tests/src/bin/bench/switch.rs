//! How long a switch of the root refuses changes: from the first one that was refused to the first one that the other
//! side took, as clients see it that connect to whichever side takes changes. There and back.
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tests::wait::wait_until;
use tests::{Database, Invocation, Pair, Setup, executable};

const LIMIT: Duration = Duration::from_secs(900);
const CLIENTS: u32 = 4;
/// Transactions a second, of all clients together.
const RATE: u32 = 1000;

/// `BENCH_TABLES`, else 100.
fn tables() -> u32 {
    let told = std::env::var("BENCH_TABLES").ok().and_then(|value| value.parse().ok());
    told.filter(|tables| *tables > 0).unwrap_or(100)
}

fn runs() -> usize {
    std::env::var("BENCH_RUNS").ok().and_then(|value| value.parse().ok()).unwrap_or(3).max(1)
}

/// What all clients see.
struct Application {
    sides: [Database; 2],
    stop: AtomicBool,
    /// The side that takes changes, as far as the clients know.
    side: AtomicUsize,
    /// The side that is to take them.
    next: AtomicUsize,
    done: AtomicU64,
    refused: Mutex<Option<Instant>>,
    taken: Mutex<Option<Instant>>,
}

impl Application {
    fn client(&self, number: u32) {
        let mut next = Instant::now();
        let mut id = u64::from(number);
        while !self.stop.load(Ordering::Relaxed) {
            let side = self.side.load(Ordering::Relaxed);
            let Ok(mut client) = self.sides[side].try_connect() else { continue };
            while !self.stop.load(Ordering::Relaxed) && self.side.load(Ordering::Relaxed) == side {
                next += Duration::from_secs(1) * CLIENTS / RATE;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
                // who was kept waiting does not make up for it
                next = next.max(Instant::now());
                id += u64::from(CLIENTS);
                let table = 1 + id * 7919 % u64::from(tables());
                let sql = format!(
                    "insert into t{table} values ({id}, 'x', 1, now()) on conflict (id) do update \
                            set b = t{table}.b + 1"
                );
                if client.batch_execute(&sql).is_ok() {
                    self.done.fetch_add(1, Ordering::Relaxed);
                    if side == self.next.load(Ordering::Relaxed)
                        && self.refused.lock().expect("clients").is_some()
                    {
                        self.taken.lock().expect("clients").get_or_insert_with(Instant::now);
                    }
                } else {
                    let first = self.refused.lock().expect("clients").replace(Instant::now());
                    if let Some(first) = first {
                        *self.refused.lock().expect("clients") = Some(first);
                    }
                    // as a driver that is told to connect to whichever server takes changes
                    self.side.store(1 - side, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Stops the clients.
struct Ends<'a>(&'a Application);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// Gives a command, which may take its time with many tables.
fn give(setup: &Setup, words: &[&str]) -> String {
    let mut command = setup.command(executable("londiste"));
    command.args(words);
    Invocation::new(command).limit(LIMIT).run().expect_success().stdout.clone()
}

/// One switch: what clients see, and what the command says.
fn switch(setup: &Setup, application: &Application, ini: &str) -> (f64, String) {
    give(setup, &[ini, "compare", "--changed"]);
    *application.refused.lock().expect("clients") = None;
    *application.taken.lock().expect("clients") = None;
    application.next.store(usize::from(ini == "target.ini"), Ordering::Relaxed);
    let said = give(setup, &[ini, "switchover"]);
    let taken = || *application.taken.lock().expect("clients");
    wait_until(LIMIT, "the other side takes changes", || taken().is_some());
    let refused = application.refused.lock().expect("clients").expect("a change was refused");
    let outage = taken().expect("a change was taken") - refused;
    (outage.as_secs_f64(), said)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn run(pair: &Pair) -> String {
    pair.both(&format!(
        "do $$ begin for i in 1 .. {} loop
             execute format('create table t%s (id bigint primary key, a text, b numeric, c timestamptz)', i);
         end loop; end $$",
        tables()
    ));
    let setup = Setup::new(pair);
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        give(&setup, &[ini, "add-table", "--all"]);
    }
    setup.wait_ok(LIMIT);
    give(&setup, &["target.ini", "compare"]);
    let application = Application {
        sides: [pair.source.app().clone(), pair.target.app().clone()],
        stop: AtomicBool::new(false),
        side: AtomicUsize::new(0),
        next: AtomicUsize::new(0),
        done: AtomicU64::new(0),
        refused: Mutex::new(None),
        taken: Mutex::new(None),
    };
    let (mut there, mut back, mut said) = (Vec::new(), Vec::new(), Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let application = &application;
            scope.spawn(move || application.client(number));
        }
        // a failure here must not wait for clients that nobody stops
        let _ends = Ends(&application);
        for _ in 0..runs() {
            for (ini, seen) in [("target.ini", &mut there), ("source.ini", &mut back)] {
                std::thread::sleep(Duration::from_secs(3));
                let (outage, words) = switch(&setup, &application, ini);
                seen.push(outage);
                said.push(words);
            }
        }
    });
    let rate = application.done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    let mut text = format!(
        "switch: {} tables, {rate:.0} transactions a second; \
         seconds from the first refused change to the first taken one, median of {}\n",
        tables(),
        runs()
    );
    writeln!(
        text,
        "  there {:.2}   back {:.2}   (wanted: 1 with 100 tables, 3 with 2000)",
        median(&mut there),
        median(&mut back)
    )
    .expect("written");
    writeln!(text, "  the last one, as the command tells it:").expect("written");
    for line in said.last().map(String::as_str).unwrap_or_default().lines() {
        writeln!(text, "    {line}").expect("written");
    }
    text
}
