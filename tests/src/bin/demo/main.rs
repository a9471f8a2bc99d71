//! The guide, run from the first step to the last on two servers of its own, with applications writing all the time.
#![allow(clippy::expect_used, clippy::panic, reason = "a demo that cannot go on says why and ends")]

mod guided;
mod kept;
mod ledger;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ledger::Ledger;
use tests::guide::{self, Step};
use tests::load::pgbench::{self, Pgbench};
use tests::load::shop;
use tests::{Pair, Setup, compare, wait_for};

const SCALE: u32 = 5;

/// Of a longer answer only the beginning is shown.
const LONG_ANSWER: usize = 12;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => finish(std::panic::catch_unwind(|| run(false))),
        Some("keep") => finish(std::panic::catch_unwind(|| run(true))),
        Some("stop") => {
            kept::stop();
            ExitCode::SUCCESS
        }
        Some(_) => {
            eprintln!("usage: demo [keep|stop]");
            ExitCode::from(2)
        }
    }
}

fn finish(outcome: Result<bool, Box<dyn std::any::Any + Send>>) -> ExitCode {
    let passed = matches!(outcome, Ok(true));
    println!("\n{}", if passed { "PASSED" } else { "FAILED" });
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether both sides hold the same rows in the end.
fn run(keep: bool) -> bool {
    if keep {
        kept::refuse_a_second();
    }
    let mut ledger = Ledger::default();
    let pair = ledger.time("start two servers", || {
        let pair = Pair::start();
        println!(
            "source: PostgreSQL {}, target: PostgreSQL {}",
            pair.source.cluster.major(),
            pair.target.cluster.major()
        );
        pair
    });
    let setup = Setup::new(&pair);
    ledger.time("create the shop and pgbench's tables", || {
        shop::create(&pair);
        pgbench::create(&pair, SCALE);
    });
    ledger.size(compare::size(&pair.source.admin()));

    println!("\nFrom here on two shop writers and two pgbench clients write to the source.");
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(20));
    let pgbench = Pgbench::start(&setup, 2, 100);
    for step in
        guide::install(&setup).into_iter().chain(guide::nodes(&setup)).chain(guide::drop_foreign_keys(&setup))
    {
        show(&mut ledger, &setup, &step);
    }
    let started = Instant::now();
    for step in guide::add() {
        show(&mut ledger, &setup, &step);
    }
    watch_the_copy(&setup);
    ledger.note("from the first add-seq until all tables are ok", started.elapsed());
    ledger.size(compare::size(&pair.target.admin()));
    for step in guide::restore_foreign_keys(&setup) {
        show(&mut ledger, &setup, &step);
    }
    println!("\nReplay goes on under the restored foreign keys for a while.");
    std::thread::sleep(Duration::from_secs(5));
    for step in guide::look() {
        show_up_to(usize::MAX, &mut ledger, &setup, &step);
    }

    let written = writers.stop();
    let benched = pgbench.stop();
    let clean = written.errors.is_empty() && benched.errors.is_empty();
    println!(
        "\nThe applications made {} + {} transactions and saw {} errors.",
        written.transactions,
        benched.transactions,
        written.errors.len() + benched.errors.len()
    );
    for error in written.errors.iter().chain(&benched.errors).take(10) {
        println!("  {error}");
    }
    ledger.time("target catches up after the last write", || setup.wait_caught_up(Duration::from_secs(60)));
    let started = Instant::now();
    let equal = compare::databases(&pair.source.admin(), &pair.target.admin());
    ledger.note("compare every row of every table", started.elapsed());
    match &equal {
        Ok(equal) => {
            ledger.size((equal.rows, equal.bytes));
            println!("\n{} tables with {} rows are the same on both sides.", equal.tables, equal.rows);
        }
        Err(difference) => println!("\nThe sides differ:\n{difference}"),
    }
    let guided = guided::run(&mut ledger, &pair);
    println!("\n{}", ledger.table());
    if keep {
        kept::leave_running(&pair, &setup);
    }
    clean && equal.is_ok() && guided
}

/// Prints the command, runs it, prints what it said.
fn show(ledger: &mut Ledger, setup: &Setup, step: &Step) {
    show_up_to(LONG_ANSWER, ledger, setup, step);
}

fn show_up_to(lines: usize, ledger: &mut Ledger, setup: &Setup, step: &Step) {
    println!("\n$ {}", step.command_line());
    let output = step.run(setup);
    let said: Vec<&str> = output.stdout.lines().chain(output.stderr.lines()).collect();
    let shown = if said.len() > lines { 5 } else { said.len() };
    for line in &said[..shown] {
        println!("    {line}");
    }
    if shown < said.len() {
        println!("    ({} more lines)", said.len() - shown);
    }
    ledger.note(&step.without_connect_strings(), output.took);
    assert!(output.code == 0, "exit code {}\n{}", output.code, setup.logs());
}

/// Prints how many tables are in each state, once a second.
fn watch_the_copy(setup: &Setup) {
    println!("\nWaiting until every table is ok:");
    let started = Instant::now();
    let mut told = Duration::ZERO;
    wait_for(Duration::from_secs(100), "all tables ok", || {
        let counts = setup.table_states().into_iter().fold(
            std::collections::BTreeMap::new(),
            |mut counts, (_, state)| {
                *counts.entry(state.split(':').next().unwrap_or_default().to_owned()).or_insert(0) += 1;
                counts
            },
        );
        let line =
            counts.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ");
        let finished = counts.len() == 1 && counts.contains_key("ok");
        if finished || started.elapsed() >= told + Duration::from_secs(1) {
            told = started.elapsed();
            println!("    {:6.2} s  {line}", told.as_secs_f64());
        }
        if finished { Ok(()) } else { Err(format!("{line}\n{}", setup.logs())) }
    });
}
