//! Random faults around a migration under load (`chaos MINUTES`), as separate processes and as one `londisted`:
//! processes killed, servers restarted, sessions ended, commands interrupted, definitions changed. After each block
//! everything is compared: rows, indexes, constraints, foreign keys, consumers, errors.
#![allow(clippy::expect_used, clippy::panic, reason = "chaos that cannot go on says why and ends")]

mod layout;
mod trouble;
mod verdict;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use layout::Layout;
use tests::load::{evolution, shop};
use tests::{Pair, Setup};
use trouble::Trouble;
use verdict::Expected;

/// Length of a block of faults; a comparison of everything follows.
const BLOCK: Duration = Duration::from_secs(60);
/// Longest pause between two faults.
const PAUSE: Duration = Duration::from_secs(2);
/// How long everything may take to be well again.
const SETTLE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let Some(minutes) = std::env::args().nth(1).map_or(Some(30.0), |text| text.parse::<f64>().ok()) else {
        eprintln!("usage: chaos [MINUTES]");
        return ExitCode::from(2);
    };
    let seed =
        std::env::var("CHAOS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(fastrand::u64(..));
    fastrand::seed(seed);
    println!("CHAOS_SEED={seed}");
    let passed = std::panic::catch_unwind(|| run(Duration::from_secs_f64(minutes * 60.0)));
    println!("{}", if passed.is_ok() { "PASSED" } else { "FAILED" });
    if passed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(length: Duration) {
    let pair = Pair::start();
    shop::create(&pair);
    evolution::create(&pair);
    let before = verdict::Definitions::of(&pair.target);
    let setup = Setup::new(&pair);
    setup.replicate();
    let expected = Expected::after_start(&setup, before);
    let mut trouble = Trouble::new(&pair, &setup);
    let (began, mut block) = (Instant::now(), 0);
    while began.elapsed() < length {
        let layout = if block % 2 == 0 { Layout::Processes } else { Layout::OneProcess };
        layout.start(&setup);
        let writers = (
            shop::Writers::start(&pair.source, 2, Duration::from_millis(10)),
            evolution::Writers::start(&pair.source),
        );
        let until = Instant::now() + BLOCK;
        let mut faults = 0;
        while Instant::now() < until {
            std::thread::sleep(PAUSE.mul_f64(fastrand::f64()));
            trouble.cause(layout);
            faults += 1;
        }
        trouble.end(layout);
        for report in [writers.0.stop(), writers.1.stop()] {
            report.expect_clean();
        }
        let equal = expected.check(&pair, &setup);
        layout.stop(&setup);
        block += 1;
        println!(
            "block {block} ({layout:?}): {faults} faults, {} migrations so far; \
             {} tables with {} rows are equal after {:.0} s",
            trouble.migrations(),
            equal.tables,
            equal.rows,
            began.elapsed().as_secs_f64()
        );
    }
}
