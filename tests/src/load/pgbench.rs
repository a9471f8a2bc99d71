//! pgbench: its tables and its load.
use std::fs::File;
use std::process::{Child, Command, Stdio};

use super::Report;
use crate::guardian::MARK;
use crate::installation::client;
use crate::{Database, Invocation, Pair, Setup, process};

/// Fills pgbench's tables on the source and makes the same, empty, on the target. `pgbench_history` has no key.
#[track_caller]
pub fn create(pair: &Pair, scale: u32) {
    fill(&pair.source, scale);
    let steps = ["-i", "-I", "tp", "-q"];
    run(&pair.target, &steps);
}

/// Fills pgbench's tables in one database: 100 000 accounts for each unit of `scale`.
#[track_caller]
pub fn fill(database: &Database, scale: u32) {
    run(database, &["-i", "-q", "-s", &scale.to_string()]);
}

/// Runs a number of transactions, each of four changes, and waits for their end.
#[track_caller]
pub fn transactions(database: &Database, clients: u32, each: u32) {
    run(database, &["-n", "-c", &clients.to_string(), "-j", &clients.to_string(), "-t", &each.to_string()]);
}

#[track_caller]
fn run(database: &Database, arguments: &[&str]) {
    let mut command = Command::new(client("pgbench"));
    command.args(arguments).arg(database.uri());
    Invocation::new(command).run().expect_success();
}

/// A running pgbench.
pub struct Pgbench {
    child: Child,
    output: std::path::PathBuf,
    database: Database,
    before: u64,
}

impl Pgbench {
    /// Starts `clients` writers that together make `rate` transactions a second, until stopped (an hour at most).
    #[track_caller]
    pub fn start(setup: &Setup, clients: u32, rate: u32) -> Pgbench {
        Pgbench::start_on(&setup.source, setup, clients, rate)
    }

    /// The same on any database; `setup` only lends its run directory. A rate of 0: as many as the server takes.
    #[track_caller]
    pub fn start_on(database: &Database, setup: &Setup, clients: u32, rate: u32) -> Pgbench {
        let database = database.clone();
        let output = setup.directory().join("pgbench.out");
        let before = history(&database);
        let mut command = Command::new(client("pgbench"));
        command
            .args(["-n", "-T", "3600", "-c", &clients.to_string()])
            .args((rate > 0).then(|| format!("--rate={rate}")))
            .arg(database.uri());
        command.env(MARK, setup.directory()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&output).expect("output file"));
        let child = command.spawn().expect("pgbench runs");
        Pgbench { child, output, database, before }
    }

    /// Stops it.
    pub fn stop(mut self) -> Report {
        let ended = self.child.try_wait().expect("pgbench can be waited for");
        // what a shell has started in the background does not hear INT
        process::signal("TERM", &self.child.id().to_string());
        let _ = self.child.wait();
        let said = std::fs::read_to_string(&self.output).unwrap_or_default();
        let mut errors: Vec<String> =
            said.lines().filter(|line| line.contains("rror:")).map(str::to_owned).collect();
        if let Some(status) = ended {
            errors.push(format!("pgbench ended by itself: {status}\n{said}"));
        }
        Report { transactions: history(&self.database) - self.before, errors, ..Report::default() }
    }

    /// Leaves it running when this process ends.
    pub fn keep(self) {}
}

fn history(database: &Database) -> u64 {
    u64::try_from(database.number("select count(*) from pgbench_history")).expect("not negative")
}
