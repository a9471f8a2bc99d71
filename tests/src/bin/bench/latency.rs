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

use crate::contest::{runs, with_stock};
use crate::costs;
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

impl Load {
    fn rounds(self) -> usize {
        if self.rate == 0 { 1 } else { runs() }
    }
}

const STEADY: Load = Load { rate: 1000, measured: Duration::from_secs(15), with_stock: true };
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
    plot::keep("latency", || plot::curves(&curves.iter().map(|(curve, _)| curve).collect::<Vec<_>>()));
    told("latency: 1000 pgbench transactions a second", &curves) + skipped
}

/// At the source's full speed, for two minutes.
pub(crate) fn sustained(pair: &Pair) -> String {
    let (curves, _) = measured(pair, FULL);
    told("sustained: pgbench at full speed with 4 clients, 120 s", &curves)
}

/// What else is measured of a party: of all its rounds.
#[derive(Default)]
struct Beside {
    /// Transactions a second that the source took.
    reached: Vec<f64>,
    /// Ticks a second, and the share of a core that the server process takes that makes them; nothing where nobody
    /// does.
    ticks: Vec<(f64, f64)>,
}

/// Each party's latencies, with what the source took and gave meanwhile. The parties run in turn, so that a machine
/// that gets slower meanwhile is slower for all of them; the stock tools once, since their scatter says nothing.
fn measured(pair: &Pair, load: Load) -> (Vec<(Curve, Beside)>, &'static str) {
    let with_stock = load.with_stock && with_stock(pair);
    let party = |name| (Curve { name, sorted: Vec::new() }, Beside::default());
    let mut curves = vec![party("londiste-rs"), party("built-in logical replication")];
    if with_stock {
        curves.insert(1, party("stock londiste"));
    }
    for round in 0..load.rounds() {
        for (place, (curve, beside)) in curves.iter_mut().enumerate() {
            let pair = fresh(pair, round * 10 + place);
            match curve.name {
                "stock londiste" if round > 0 => {}
                "stock londiste" => queued(&pair, Tools::Stock, load, curve, beside),
                "londiste-rs" => queued(&pair, Tools::Ours, load, curve, beside),
                _ => {
                    let subscription = Subscription::start(&pair, format!("latency{round}"));
                    loaded(&pair, &Setup::new(&pair), load, curve, beside);
                    drop(subscription);
                }
            }
            pair.discard();
        }
    }
    curves.iter_mut().for_each(|(curve, _)| curve.sorted.sort());
    (curves, if load.with_stock && !with_stock { "  stock londiste: not measured\n" } else { "" })
}

fn told(title: &str, curves: &[(Curve, Beside)]) -> String {
    let mut text = format!(
        "{title}; from commit on the source to visible on the target, in ms\n  \
         {:<28} {:>8} {:>8} {:>8} {:>8} {:>8} {:>15} {:>8} {:>20}\n",
        "", "p50", "p90", "p99", "max", "samples", "transactions/s", "ticks/s", "their CPU, % of core"
    );
    for (Curve { name, sorted }, Beside { reached, ticks }) in curves {
        write!(text, "  {name:<28}").expect("written");
        for share in [0.5, 0.9, 0.99, 1.0] {
            write!(text, " {:8.0}", plot::at(sorted, share).as_secs_f64() * 1000.0).expect("written");
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        write!(text, " {:8} {:15.0}", sorted.len(), mean(reached)).expect("written");
        if ticks.is_empty() {
            writeln!(text, " {:>8} {:>20}", "-", "-").expect("written");
        } else {
            let (ticks, shares): (Vec<f64>, Vec<f64>) = ticks.iter().copied().unzip();
            writeln!(text, " {:8.1} {:20.1}", mean(&ticks), mean(&shares) * 100.0).expect("written");
        }
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
fn queued(pair: &Pair, tools: Tools, load: Load, curve: &mut Curve, beside: &mut Beside) {
    let setup = if tools == Tools::Ours { Setup::new(pair) } else { Setup::stock(pair) };
    setup.set("pgqd.ini", "ticker_period", "1");
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(LIMIT);
    loaded(pair, &setup, load, curve, beside);
    for daemon in ["target", "source", "pgqd"] {
        setup.stop_daemon(daemon);
    }
}

fn loaded(pair: &Pair, setup: &Setup, load: Load, curve: &mut Curve, beside: &mut Beside) {
    let writers = Pgbench::start_on(pair.source.app(), setup, 4, load.rate);
    let began = Instant::now();
    thread::sleep(WARM_UP);
    let (before, from) = (ticks(pair), Instant::now());
    curve.sorted.extend(sample(pair.source.app(), pair.target.app(), load.measured));
    let (after, measured) = (ticks(pair), from.elapsed().as_secs_f64());
    let report = writers.stop();
    beside.reached.push(report.transactions as f64 / began.elapsed().as_secs_f64());
    report.expect_clean();
    beside.ticks.extend(
        before
            .zip(after)
            .map(|(before, after)| ((after.0 - before.0) as f64 / measured, (after.1 - before.1) / measured)),
    );
}

/// The number of the newest tick, and the CPU seconds so far of the server process that makes them; `None` where
/// nobody does.
fn ticks(pair: &Pair) -> Option<(i64, f64)> {
    let admin = pair.source.admin();
    let there = "select count(*) from pg_stat_activity \
                  where datname = current_database() and application_name = 'pgqd'";
    if admin.number(there) != 1 {
        return None;
    }
    let maker = admin.number(&there.replace("count(*)", "pid::int8"));
    let newest = admin.number("select max(tick_id) from pgq.tick");
    Some((newest, costs::cpu(u32::try_from(maker).expect("a process"))))
}

/// Latencies of numbers committed one by one.
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
        latencies
    })
}
