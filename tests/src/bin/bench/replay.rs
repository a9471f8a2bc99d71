//! Replay of changes that piled up while the target's worker was stopped: how a case is played by each party.
use std::time::{Duration, Instant};

use tests::{Pair, Setup, wait_until};

use crate::contest::{Contest, Measured, with_stock};
use crate::copy::checkpoint;
use crate::costs::{self, Costs};
use crate::replay_built_in::built_in;

pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// One kind of changes.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) changes: f64,
    /// Makes the tables on both sides, filled on the source.
    pub(crate) prepare: Box<dyn Fn(&Pair)>,
    /// Nothing is filled, so nothing is copied: the stock tools take minutes to copy a hundred empty tables.
    pub(crate) empty: bool,
    /// Makes the changes.
    pub(crate) write: Box<dyn Fn(&Pair)>,
    /// Says on the target, as a boolean, that the last change has arrived.
    pub(crate) arrived: String,
}

pub(crate) fn play(case: &Case, pair: &Pair) -> String {
    let mut contest = Contest::new(&case.title, case.changes, "changes");
    contest.enter("londiste-rs", |run| {
        on_fresh(case, pair, run, |pair| queued(case, pair, &Setup::new(pair), None))
    });
    if with_stock(pair) {
        contest.enter("stock londiste", |run| {
            on_fresh(case, pair, run, |pair| queued(case, pair, &Setup::stock(pair), None))
        });
    } else {
        contest.skip("stock londiste", "not installed");
    }
    contest.enter("built-in logical replication", |run| {
        on_fresh(case, pair, run, |pair| built_in(case, pair, run))
    });
    contest.hold()
}

/// The same changes captured by the stock functions and replayed by our worker, beside our own capture.
pub(crate) fn play_formats(case: &Case, pair: &Pair) -> String {
    let mut contest = Contest::new(&case.title, case.changes, "changes");
    contest.enter("generated capture", |run| {
        on_fresh(case, pair, run, |pair| queued(case, pair, &Setup::new(pair), None))
    });
    for (name, function) in STOCK_FORMATS {
        contest.enter(name, |run| {
            on_fresh(case, pair, run, |pair| {
                let setup = Setup::new(pair);
                setup.set("source.ini", "capture", "stock");
                queued(case, pair, &setup, Some(function))
            })
        });
    }
    contest.hold()
}

/// Plays on databases of its own, which are gone afterwards: what one party leaves on the disk must not be written
/// while the next one is measured.
fn on_fresh(case: &Case, pair: &Pair, run: usize, play: impl Fn(&Pair) -> Measured) -> Measured {
    let pair = pair.another(&format!("_replay{run}"));
    (case.prepare)(&pair);
    let measured = play(&pair);
    pair.discard();
    measured
}

const STOCK_FORMATS: [(&str, &str); 3] =
    [("pgq.logutriga", "logutriga"), ("pgq.sqltriga", "sqltriga"), ("pgq.jsontriga", "jsontriga")];

/// Lets another of the stock functions capture the tables.
fn capture_by(pair: &Pair, function: &str) {
    pair.source.execute(&format!(
        "do $$ declare t record; begin
             for t in select tgrelid::regclass as rel, tgname from pg_trigger where tgname = '_londiste_migq' loop
                 execute format('drop trigger %I on %s', t.tgname, t.rel);
                 execute format('create trigger %I after insert or update or delete on %s for each row \
                                 execute function pgq.{function}(''migq'')',
                                t.tgname, t.rel);
             end loop; end $$"
    ));
}

fn queued(case: &Case, pair: &Pair, setup: &Setup, format: Option<&str>) -> Measured {
    setup.start_nodes();
    if case.empty {
        setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
        setup.londiste(&["target.ini", "add-table", "--all", "--expect-sync"]).expect_success();
    } else {
        setup.add_all();
    }
    setup.wait_ok(LIMIT);
    setup.londiste(&["-s", "target.ini"]).expect_success();
    setup.target_worker().wait_gone(LIMIT);
    if let Some(function) = format {
        capture_by(pair, function);
    }
    (case.write)(pair);
    let last = setup.source.value("select txid_current()");
    let ticked = format!("select count(*) from pgq.tick where txid_snapshot_xmin(tick_snapshot) > {last}");
    setup.source.execute("select pgq.force_tick('migq')");
    wait_until(LIMIT, "a tick beyond the last change", || setup.source.number(&ticked) > 0);
    let mut measured = measure(case, pair, || {
        setup.londiste(&["-d", "target.ini", "worker"]).expect_success();
    });
    let worker = setup.target_worker();
    if let Some(costs) = &mut measured.costs {
        costs.process = Some(costs::cpu(worker.expect_pid()));
        costs.peak = Some(worker.peak_memory());
    }
    // what is not measured any more must not take from those who come next
    for daemon in ["target", "source", "pgqd"] {
        setup.stop_daemon(daemon);
    }
    measured
}

/// Time and costs from `go` until the last change has arrived.
pub(crate) fn measure(case: &Case, pair: &Pair, go: impl FnOnce()) -> Measured {
    checkpoint(pair);
    let servers = [&pair.source, &pair.target].map(|side| &side.cluster);
    let admin = pair.target.admin();
    // one connection for all looks: logging in costs more than looking
    let mut client = admin.connect();
    let arrived = client.prepare(&case.arrived).expect("the question is right");
    let wal = costs::wal(&admin);
    let before = servers.map(|server| costs::server_cpu(server));
    let started = Instant::now();
    go();
    wait_until(LIMIT, "all changes on the target", || {
        client.query_one(&arrived, &[]).expect("the target answers").get(0)
    });
    let took = started.elapsed();
    let after = servers.map(|server| costs::server_cpu(server));
    let costs = Costs {
        wal: costs::wal(&admin) - wal,
        source: after[0] - before[0],
        target: after[1] - before[1],
        ..Costs::default()
    };
    Measured { took, costs: Some(costs) }
}
