//! How long after its commit on the source a change is seen on the target: while 1 000 transactions run each second,
//! and while as many run as the source takes.
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tests::load::pgbench::{self, Pgbench};
use tests::setup::Tools;
use tests::{Database, Pair, Setup};

use crate::plot::{self, Curve};
use crate::replay::LIMIT;
use crate::replay_built_in::Subscription;

/// What runs meanwhile, with four clients.
#[derive(Clone, Copy)]
struct Load {
    /// Transactions a second; 0: as many as the source takes.
    rate: u32,
    measured: Duration,
    with_stock: bool,
}

const STEADY: Load = Load { rate: 1000, measured: Duration::from_secs(30), with_stock: true };
/// The stock tools fall behind for good.
const FULL: Load = Load { rate: 0, measured: Duration::from_secs(120), with_stock: false };
/// Load before the first sample: the ticker and the caches are in their stride then.
const WARM_UP: Duration = Duration::from_secs(5);
/// Time between two samples' commits.
const PAUSE: Duration = Duration::from_millis(20);
/// Time between two looks at the target: the resolution of what is measured.
const LOOK: Duration = Duration::from_millis(1);

/// At a rate that everybody bears.
pub(crate) fn run(pair: &Pair) -> String {
    let (curves, skipped) = measured(pair, STEADY);
    if let Some(file) = std::env::var_os("BENCH_PLOT") {
        let curves: Vec<&Curve> = curves.iter().map(|(curve, _)| curve).collect();
        std::fs::write(&file, plot::svg(&curves)).expect("BENCH_PLOT can be written");
    }
    told("latency: 1000 pgbench transactions a second", &curves) + skipped
}

/// At the source's full speed, for two minutes.
pub(crate) fn sustained(pair: &Pair) -> String {
    let (curves, _) = measured(pair, FULL);
    told("sustained: pgbench at full speed with 4 clients, 120 s", &curves)
}

/// Each party's latencies, with the transactions a second that the source took meanwhile.
fn measured(pair: &Pair, load: Load) -> (Vec<(Curve, f64)>, &'static str) {
    let curve = |name, (sorted, reached)| (Curve { name, sorted }, reached);
    let mut curves = vec![curve("londiste-rs", queued(&fresh(pair, 0), Tools::Ours, load))];
    let mut skipped = "";
    if load.with_stock && Tools::Stock.are_installed(pair) {
        curves.push(curve("stock londiste", queued(&fresh(pair, 1), Tools::Stock, load)));
    } else if load.with_stock {
        skipped = "  stock londiste: not installed\n";
    }
    let pair = fresh(pair, 2);
    let subscription = Subscription::start(&pair, "latency".to_owned());
    curves.push(curve("built-in logical replication", loaded(&pair, &Setup::new(&pair), load)));
    drop(subscription);
    (curves, skipped)
}

fn told(title: &str, curves: &[(Curve, f64)]) -> String {
    let mut text = format!(
        "{title}; from commit on the source to visible on the target, in ms\n  \
         {:<28} {:>8} {:>8} {:>8} {:>8} {:>8} {:>15}\n",
        "", "p50", "p90", "p99", "max", "samples", "transactions/s"
    );
    for (Curve { name, sorted }, reached) in curves {
        write!(text, "  {name:<28}").expect("written");
        for share in [0.5, 0.9, 0.99, 1.0] {
            write!(text, " {:8.0}", plot::at(sorted, share).as_secs_f64() * 1000.0).expect("written");
        }
        writeln!(text, " {:8} {reached:15.0}", sorted.len()).expect("written");
    }
    text
}

fn fresh(pair: &Pair, run: usize) -> Pair {
    let pair = pair.another(&format!("_latency{run}"));
    pgbench::create(&pair, 10);
    pair.both("alter table pgbench_history add hid bigserial primary key");
    pair.both("create table sample (id int primary key)");
    pair
}

/// Everything as shipped: what the harness sets to be quicker goes back to the default.
fn queued(pair: &Pair, tools: Tools, load: Load) -> (Vec<Duration>, f64) {
    let setup = if tools == Tools::Ours { Setup::new(pair) } else { Setup::stock(pair) };
    setup.set("pgqd.ini", "ticker_period", "1");
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(LIMIT);
    let found = loaded(pair, &setup, load);
    for daemon in ["target", "source", "pgqd"] {
        setup.stop_daemon(daemon);
    }
    found
}

fn loaded(pair: &Pair, setup: &Setup, load: Load) -> (Vec<Duration>, f64) {
    let writers = Pgbench::start_on(pair.source.app(), setup, 4, load.rate);
    let began = Instant::now();
    thread::sleep(WARM_UP);
    let sorted = sample(pair.source.app(), pair.target.app(), load.measured);
    let report = writers.stop();
    let reached = report.transactions as f64 / began.elapsed().as_secs_f64();
    report.expect_clean();
    (sorted, reached)
}

/// Latencies of numbers committed one by one, sorted.
fn sample(source: &Database, target: &Database, time: Duration) -> Vec<Duration> {
    let (committed, commits) = mpsc::channel();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = source.connect();
            let insert = client.prepare("insert into sample values ($1)").expect("the insert is right");
            let began = Instant::now();
            for id in 1.. {
                if began.elapsed() > time {
                    break;
                }
                client.execute(&insert, &[&id]).expect("the source takes a row");
                committed.send((id, Instant::now())).expect("the reader lives");
                thread::sleep(PAUSE);
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut client = target.connect();
        let look = client.prepare("select coalesce(max(id), 0) from sample").expect("the question is right");
        let mut waiting: VecDeque<(i32, Instant)> = VecDeque::new();
        let mut latencies = Vec::new();
        let began = Instant::now();
        loop {
            // taken before the look: what is committed while it runs may be in it, and is counted by the next one
            waiting.extend(commits.try_iter());
            let seen: i32 = client.query_one(&look, &[]).expect("the target answers").get(0);
            let now = Instant::now();
            while let Some((_, since)) = waiting.front().filter(|(id, _)| *id <= seen) {
                latencies.push(now - *since);
                waiting.pop_front();
            }
            if waiting.is_empty() && done.load(Ordering::Relaxed) {
                break;
            }
            assert!(began.elapsed() < LIMIT, "the target does not come to the last row");
            thread::sleep(LOOK);
        }
        latencies.sort();
        latencies
    })
}
