//! The same calls on a database with the stock extensions and on one with ours: codes, columns, rows, errors, events
//! and the resulting catalog are equal, but for differences that the scripts name with their reason.
//!
//! The scripts are `steps/*.sql`; what every database looks like after its script is compared by `catalog`.

mod answer;
mod catalog;
mod coverage;
mod databases;
mod script;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use answer::Answer;
use databases::{Both, Databases};
use script::{Expectation, Script};

#[test]
fn the_same_calls_have_the_same_answers() {
    let Some(databases) = Databases::start() else { return };
    let mut report = Report::default();
    let mut called = BTreeSet::new();
    for script in Script::all().iter().filter(|script| wanted(&script.name)) {
        let both = databases.fresh(&script.name);
        play(script, &both, &mut report);
        for (what, query) in catalog::QUERIES {
            let [stock, ours] = [&both.stock, &both.ours].map(|database| lines(database.rows(query)));
            for line in stock.symmetric_difference(&ours) {
                let side = if stock.contains(line) { "only stock" } else { "only ours" };
                report.complain(&script.name, what, &format!("        {side}: {line}\n"));
            }
        }
        coverage::assert_called(&both.ours, &mut called);
    }
    println!("{} steps, {} of them differ on purpose:", report.steps, report.intended.len());
    report.intended.iter().for_each(|reason| println!("    {reason}"));
    assert!(report.complaints.is_empty(), "{}", report.complaints);
    if std::env::var_os("CONFORMANCE").is_none() {
        let missed: Vec<_> = coverage::signatures().difference(&called).cloned().collect();
        assert!(missed.is_empty(), "never called: {missed:#?}");
        assert!(report.steps >= 150, "only {} steps", report.steps);
    }
}

#[test]
fn what_is_installed_is_the_same() {
    let Some(databases) = Databases::start() else { return };
    let both = databases.fresh("installed");
    let contract = coverage::signatures();
    for (name, database) in [("stock", &both.stock), ("ours", &both.ours)] {
        let installed = coverage::installed(database);
        let apart: Vec<_> = contract.symmetric_difference(&installed).collect();
        assert!(apart.is_empty(), "{name} and the contract differ: {apart:#?}");
    }
    for (what, query) in catalog::QUERIES.iter().chain(catalog::PRIVILEGES) {
        let [stock, ours] = [&both.stock, &both.ours].map(|database| lines(database.rows(query)));
        let apart: Vec<_> = stock
            .symmetric_difference(&ours)
            .map(|line| format!("{}: {line}", if stock.contains(line) { "stock" } else { "ours" }))
            .filter(|line| !catalog::INTENDED.iter().any(|(known, _)| line.contains(known)))
            .collect();
        assert!(apart.is_empty(), "{what}: {apart:#?}");
    }
    let loose = both.ours.rows(catalog::LOOSE_DEFINERS);
    assert!(loose.is_empty(), "security definer without a pinned search_path: {loose:?}");
}

/// `CONFORMANCE=word` plays only the scripts whose names contain the word; `CONFORMANCE_SHOW=1` prints what stock
/// answers.
fn wanted(name: &str) -> bool {
    std::env::var("CONFORMANCE").map_or(true, |word| name.contains(&word))
}

fn lines(rows: Vec<Vec<Option<String>>>) -> BTreeSet<String> {
    let text = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
    rows.into_iter().map(|row| row.into_iter().map(text).collect::<Vec<_>>().join(" | ")).collect()
}

#[derive(Default)]
struct Report {
    steps: usize,
    intended: Vec<String>,
    complaints: String,
}

impl Report {
    fn complain(&mut self, script: &str, step: &str, what: &str) {
        writeln!(self.complaints, "\n{script}: {step}\n{what}").unwrap();
    }
}

fn play(script: &Script, both: &Both, report: &mut Report) {
    let (mut stock, mut ours) = (both.stock.connect(), both.ours.connect());
    for step in script.steps() {
        report.steps += 1;
        let [theirs, mine] =
            [&mut stock, &mut ours].map(|client| Answer::to(client, step.sql, &step.volatile));
        if std::env::var_os("CONFORMANCE_SHOW").is_some() {
            println!("{}\n{theirs}", step.sql);
        }
        let complaint = match step.expectation {
            Expectation::Equal if theirs == mine => continue,
            Expectation::Equal => format!("    stock\n{theirs}    ours\n{mine}"),
            Expectation::OtherMessage(reason) | Expectation::Differs(reason) if theirs == mine => {
                format!("    equal after all, although: {reason}\n{mine}")
            }
            Expectation::OtherMessage(_) if !theirs.fails_like(&mine) => {
                format!("    stock\n{theirs}    ours\n{mine}")
            }
            Expectation::OtherMessage(reason) | Expectation::Differs(reason) => {
                report.intended.push(format!("{}: {reason}", script.name));
                continue;
            }
        };
        report.complain(&script.name, step.sql, &complaint);
    }
}
