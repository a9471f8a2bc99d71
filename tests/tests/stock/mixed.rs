//! Stock tools and ours side by side, and one in the place of the other: ours follow the same contract, so that a
//! running migration can change over in either direction. What needs the stock packages is skipped where they are not
//! installed.

mod application;
mod gate;
mod guide;
mod leaf;
mod nodes;
mod root;

use std::io::Write as _;
use std::time::Duration;

use tests::setup::Tools;
use tests::{Pair, Setup};

/// The stock tools take their time: 3 to 10 seconds at each step of a table.
const SYNC: Duration = Duration::from_secs(100);

/// Two servers, where the stock tools are there to be run against them; with `extensions`, the stock extensions too.
fn pair(extensions: bool) -> Option<Pair> {
    let installed = Tools::Stock.have_executables();
    let pair = installed.then(Pair::start).filter(|pair| !extensions || Tools::Stock.are_installed(pair));
    if pair.is_none() {
        let test = std::thread::current().name().unwrap_or("test").to_owned();
        // past the capture of the test's output
        let _ = writeln!(std::io::stderr(), "{test} skipped: the stock packages are not installed");
    }
    pair
}

#[track_caller]
fn run(setup: &Setup, steps: Vec<tests::guide::Step>) {
    for step in steps {
        step.run(setup).expect_success();
    }
}

/// Adds everything, with the foreign keys away meanwhile, and waits until all is in sync.
#[track_caller]
fn add_and_sync(setup: &Setup) {
    run(setup, tests::guide::drop_foreign_keys(setup));
    run(setup, tests::guide::add());
    setup.wait_ok(SYNC);
    run(setup, tests::guide::restore_foreign_keys(setup));
}

/// The stock tools take the pidfile of a zombie for that of a running process: waits until a killed one is gone
/// altogether.
#[track_caller]
fn wait_reaped(pid: u32) {
    let process = std::path::PathBuf::from(format!("/proc/{pid}"));
    tests::wait_until(Duration::from_secs(20), "a killed process is reaped", || !process.exists());
}
