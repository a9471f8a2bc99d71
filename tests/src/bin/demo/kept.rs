//! A demo that goes on running, and its end.
use std::fs;
use std::path::{Path, PathBuf};

use tests::guardian::Guardian;
use tests::load::pgbench::Pgbench;
use tests::{Pair, Setup, executable, repository};

/// Names the directories of the kept demo, one a line.
fn note() -> PathBuf {
    repository().join("run/demo")
}

/// Two kept demos would know only of the second one.
pub(crate) fn refuse_a_second() {
    assert!(!note().exists(), "a demo is running already: make demo-stop");
}

/// Leaves servers, daemons and pgbench running and says how to reach them.
pub(crate) fn leave_running(pair: &Pair, setup: &Setup) {
    let directories = [setup.directory(), pair.source.cluster.directory(), pair.target.cluster.directory()];
    let lines: Vec<String> = directories.iter().map(|path| path.display().to_string()).collect();
    fs::create_dir_all(repository().join("run")).expect("run/ can be made");
    fs::write(note(), lines.join("\n")).expect("run/demo can be written");
    Pgbench::start(setup, 1, 20).keep();
    setup.keep();
    pair.source.cluster.keep();
    pair.target.cluster.keep();
    let londiste = executable("londiste");
    println!("\nEverything keeps running, pgbench writes on for an hour. Look at it:");
    for word in ["status", "tables", "seqs"] {
        println!("    (cd {} && {} target.ini {word})", setup.directory().display(), londiste.display());
    }
    for side in [&pair.source, &pair.target] {
        println!("    psql '{}'", side.uri());
    }
    println!("    tail -f {}/*.log", setup.directory().display());
    println!("Stop it:\n    make demo-stop");
}

/// Ends a kept demo; nothing to end is no error.
pub(crate) fn stop() {
    let Ok(lines) = fs::read_to_string(note()) else {
        println!("no demo is running");
        return;
    };
    for directory in lines.lines() {
        Guardian::clean(Path::new(directory));
        println!("ended and removed {directory}");
    }
    fs::remove_file(note()).expect("run/demo can be removed");
}
