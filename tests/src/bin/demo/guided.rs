//! The guided way on a second pair of databases: `migrate`, from an empty target to "ready to switch".
use std::time::Duration;

use tests::load::shop;
use tests::{Invocation, Pair, Setup, compare, executable};

use crate::ledger::Ledger;

/// A migration of the shop takes seconds.
const LIMIT: Duration = Duration::from_secs(180);

/// Whether both sides hold the same rows in the end.
pub(crate) fn run(ledger: &mut Ledger, first: &Pair) -> bool {
    println!("\n\nThe same with one command, on a second pair of databases whose target is empty.");
    let pair = first.another("_guided");
    let setup = Setup::new(&pair);
    shop::create_source(&pair);
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(20));
    println!("\n$ londiste target.ini migrate");
    let mut command = setup.command(executable("londiste"));
    command.args(["target.ini", "migrate"]);
    let output = ledger.time("londiste target.ini migrate", || Invocation::new(command).limit(LIMIT).run());
    let told = |line: &&str| line.starts_with("== ") || line.starts_with("   ") || line.starts_with("next");
    let (steps, summary) = output.stdout.split_once("\nMigration of queue").unwrap_or((&output.stdout, ""));
    steps.lines().filter(told).for_each(|line| println!("    {line}"));
    println!("\nMigration of queue{summary}");
    output.stderr.lines().for_each(|line| println!("    {line}"));
    let written = writers.stop();
    ledger
        .time("its target catches up after the last write", || setup.wait_caught_up(Duration::from_secs(60)));
    let equal = compare::databases(&pair.source.admin(), &pair.target.admin());
    match &equal {
        Ok(equal) => {
            println!("\n{} tables with {} rows are the same on both sides.", equal.tables, equal.rows)
        }
        Err(difference) => println!("\nThe sides differ:\n{difference}"),
    }
    output.code == 0 && written.errors.is_empty() && equal.is_ok()
}
