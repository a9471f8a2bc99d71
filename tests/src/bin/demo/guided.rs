//! The guided way on a second pair of databases: `migrate`, from an empty target to "ready to switch".
use std::time::Duration;

use tests::load::shop;
use tests::{Invocation, Output, Pair, Setup, compare, executable};

use crate::ledger::Ledger;

/// A migration of the shop takes seconds.
const LIMIT: Duration = Duration::from_secs(180);

/// How long the application writes on either side between two switches.
const WRITES: Duration = Duration::from_secs(10);

/// Whether both sides hold the same rows in the end.
pub(crate) fn run(ledger: &mut Ledger, first: &Pair) -> bool {
    println!("\n\nThe same with one command, on a second pair of databases whose target is empty.");
    let pair = first.another("_guided");
    let setup = Setup::new(&pair);
    shop::create_source(&pair);
    let sides = [pair.source.app().clone(), pair.target.app().clone()];
    let writers = shop::Writers::start_on_whichever(&sides, 2, Duration::from_millis(20));
    println!("\n$ londiste target.ini migrate");
    let output = give(ledger, &setup, &["target.ini", "migrate"]);
    let told = |line: &&str| line.starts_with("== ") || line.starts_with("   ") || line.starts_with("next");
    let (steps, summary) = output.stdout.split_once("\nMigration of queue").unwrap_or((&output.stdout, ""));
    steps.lines().filter(told).for_each(|line| println!("    {line}"));
    println!("\nMigration of queue{summary}");
    output.stderr.lines().for_each(|line| println!("    {line}"));
    let mut is_well = output.code == 0;
    println!(
        "\nThe root moves to the target while the application writes, and back after {} s.",
        WRITES.as_secs()
    );
    for ini in ["target.ini", "source.ini"] {
        println!("\n$ londiste {ini} switchover");
        let output = give(ledger, &setup, &[ini, "switchover"]);
        output.stdout.lines().chain(output.stderr.lines()).for_each(|line| println!("    {line}"));
        is_well &= output.code == 0;
        std::thread::sleep(WRITES);
    }
    let written = writers.stop();
    println!(
        "\nThe application made {} transactions, connected to the other side {} times, and saw {} errors.",
        written.transactions,
        written.refused,
        written.errors.len()
    );
    written.errors.iter().take(10).for_each(|error| println!("  {error}"));
    ledger
        .time("its target catches up after the last write", || setup.wait_caught_up(Duration::from_secs(60)));
    let equal = compare::databases(&pair.source.admin(), &pair.target.admin());
    match &equal {
        Ok(equal) => {
            println!("\n{} tables with {} rows are the same on both sides.", equal.tables, equal.rows)
        }
        Err(difference) => println!("\nThe sides differ:\n{difference}"),
    }
    is_well && written.errors.is_empty() && written.refused >= 2 && equal.is_ok()
}

/// Gives a command, and notes how long it takes.
fn give(ledger: &mut Ledger, setup: &Setup, words: &[&str]) -> Output {
    let mut command = setup.command(executable("londiste"));
    command.args(words);
    ledger.time(&format!("londiste {}", words.join(" ")), || Invocation::new(command).limit(LIMIT).run())
}
