//! What replication costs while nothing happens.
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use tests::setup::Tools;
use tests::{Pair, Setup, Side};

use crate::contest::with_stock;
use crate::costs::{cpu, server_cpu};
use crate::replay::LIMIT;

/// Quick looks of busy times are over by then, and ticks of an idle queue come a minute apart.
const SETTLED: Duration = Duration::from_secs(100);
const MEASURED: Duration = Duration::from_secs(60);

pub(crate) fn run(pair: &Pair) -> String {
    let mut text = format!(
        "idle: no changes, over {} s\n  {:<26} {:>14} {:>14} {:>18} {:>18} {:>18}\n",
        MEASURED.as_secs(),
        "",
        "source trans/s",
        "target trans/s",
        "processes ms CPU/s",
        "source ms CPU/s",
        "target ms CPU/s"
    );
    let mut parties = vec![
        ("londiste-rs, 10 tables", Tools::Ours, 10),
        ("londiste-rs, 300 tables", Tools::Ours, 300),
        ("londiste-rs, 2000 tables", Tools::Ours, 2000),
    ];
    if with_stock(pair) {
        // its copies of 300 tables would take twenty minutes
        parties.push(("stock londiste, 10 tables", Tools::Stock, 10));
    }
    for (at, (name, tools, tables)) in parties.into_iter().enumerate() {
        let pair = pair.another(&format!("_idle{at}"));
        pair.both(&format!(
            "do $$ begin for i in 1 .. {tables} loop \
                 execute format('create table t%s (id int primary key)', i); end loop; end $$"
        ));
        let setup = if tools == Tools::Ours { Setup::new(&pair) } else { Setup::stock(&pair) };
        setup.set("pgqd.ini", "ticker_period", "1");
        setup.start_nodes();
        setup.add_all();
        setup.wait_ok(LIMIT);
        // what is new to autovacuum keeps it at work for minutes, whoever made it
        [&pair.source, &pair.target].iter().for_each(|side| side.admin().execute("vacuum analyze"));
        let costs = measure(&pair, &setup);
        writeln!(
            text,
            "  {name:<26} {:14.1} {:14.1} {:18.1} {:18.1} {:18.1}",
            costs[0],
            costs[1],
            costs[2] * 1000.0,
            costs[3] * 1000.0,
            costs[4] * 1000.0
        )
        .expect("written");
        for daemon in ["target", "source", "pgqd"] {
            setup.stop_daemon(daemon);
        }
    }
    text
}

/// Transactions on both sides, then CPU of our processes and of both servers, each in a second.
fn measure(pair: &Pair, setup: &Setup) -> [f64; 5] {
    let processes = [setup.ticker(), setup.source_worker(), setup.target_worker()];
    let now = || {
        [
            transactions(&pair.source),
            transactions(&pair.target),
            processes.iter().map(|process| cpu(process.expect_pid())).sum(),
            server_cpu(&pair.source.cluster),
            server_cpu(&pair.target.cluster),
        ]
    };
    thread::sleep(SETTLED);
    let before = now();
    thread::sleep(MEASURED);
    let after = now();
    std::array::from_fn(|at| (after[at] - before[at]) / MEASURED.as_secs_f64())
}

fn transactions(side: &Side) -> f64 {
    side.admin()
        .number("select xact_commit + xact_rollback from pg_stat_database where datname = current_database()")
        as f64
}
