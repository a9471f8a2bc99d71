//! Faults, commands and changes of definitions, one at a time.
use std::time::Duration;

use tests::load::evolution;
use tests::{Pair, Setup, Shutdown, wait_until};

use crate::SETTLE;
use crate::layout::Layout;

/// Tables that are asked for again at random; no other table refers to them while it happens.
const RESYNCED: [&str; 6] =
    ["soak.items", "soak.retyped", "soak.rekeyed", "soak.plain", "soak.parts", "shop.*"];
/// Commands that change nothing.
const READING: [&[&str]; 5] = [
    &["target.ini", "status"],
    &["target.ini", "tables"],
    &["target.ini", "missing"],
    &["source.ini", "check-capture"],
    &["source.ini", "status"],
];

/// What happens to a migration.
pub(crate) struct Trouble<'a> {
    pair: &'a Pair,
    setup: &'a Setup,
    migrations: usize,
    /// `soak.leaving` is replicated.
    present: bool,
}

impl<'a> Trouble<'a> {
    pub(crate) fn new(pair: &'a Pair, setup: &'a Setup) -> Trouble<'a> {
        Trouble { pair, setup, migrations: 0, present: true }
    }

    /// Migrations made so far.
    pub(crate) fn migrations(&self) -> usize {
        self.migrations
    }

    /// Something at random.
    #[track_caller]
    pub(crate) fn cause(&mut self, layout: Layout) {
        match fastrand::u8(0..20) {
            0..6 => layout.kill_one(self.setup),
            6 => layout.restart_one(self.setup),
            7 => self.pair.target.cluster.restart(Shutdown::Fast),
            8 => self.pair.source.cluster.restart(Shutdown::Fast),
            9 => {
                self.pair.target.cluster.kill();
                self.pair.target.cluster.start_again();
            }
            10 => {
                self.pair.source.cluster.kill();
                self.pair.source.cluster.start_again();
            }
            11 => _ = self.pair.target.cluster.terminate_sessions(),
            12 => _ = self.pair.source.cluster.terminate_sessions(),
            13 | 14 => {
                let table = RESYNCED[fastrand::usize(..RESYNCED.len())];
                self.command(&["target.ini", "resync", table]);
            }
            15 => self.leave_or_enter(),
            16 => self.command(READING[fastrand::usize(..READING.len())]),
            17 => {
                self.command(&["target.ini", "pause"]);
                self.command(&["target.ini", "resume"]);
            }
            _ => self.migrate(),
        }
    }

    /// Completes the round of migrations, so that both sides' definitions agree, and asks for what cannot have been
    /// replicated: values under a name that the target did not have yet, and rows that were attached.
    #[track_caller]
    pub(crate) fn end(&mut self, layout: Layout) {
        layout.start(self.setup);
        while !self.migrations.is_multiple_of(evolution::ROUND) {
            self.migrate();
        }
        if !self.present {
            self.leave_or_enter();
        }
        self.setup.londiste(&["target.ini", "resync", "soak.renamed", "soak.parts"]).expect_success();
    }

    #[track_caller]
    fn migrate(&mut self) {
        evolution::migrate(self.pair, self.setup, self.migrations, SETTLE);
        self.migrations += 1;
    }

    #[track_caller]
    fn leave_or_enter(&mut self) {
        let (command, order) = if self.present {
            ("remove-table", ["target.ini", "source.ini"])
        } else {
            ("add-table", ["source.ini", "target.ini"])
        };
        for ini in order {
            self.command(&[ini, command, "soak.leaving"]);
        }
        self.present = !self.present;
    }

    /// Runs a command, often after a first try that is killed or interrupted in the middle.
    #[track_caller]
    fn command(&self, arguments: &[&str]) {
        if fastrand::bool() {
            let mut first = self.setup.foreground("londiste", arguments, "interrupted");
            std::thread::sleep(Duration::from_millis(fastrand::u64(0..300)));
            tests::process::signal(if fastrand::bool() { "KILL" } else { "INT" }, &first.pid().to_string());
            first.wait(Duration::from_secs(30));
        }
        // a lock of the application's or of a session that was cut: the command says so, and is given again
        let mut said = String::new();
        wait_until(Duration::from_secs(120), "a command succeeds", || {
            let output = self.setup.londiste(arguments);
            if output.code != 0 && output.report() != said {
                said = output.report();
                println!("{said}");
            }
            // the first try had done it
            output.code == 0 || output.stderr.contains("soak.leaving: not replicated on this node")
        });
    }
}
