//! Half an hour (`soak MINUTES`) of writers and random faults around one `londisted`. In the end every row is compared,
//! and memory, files, threads and connections of the process have not grown. Samples and a plot: `target/soak/`.
#![allow(clippy::expect_used, clippy::panic, reason = "a soak that cannot go on says why and ends")]

mod samples;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use samples::Samples;
use tests::load::shop;
use tests::proxy::Proxy;
use tests::{Pair, Setup, Shutdown, compare};

/// Between two faults, at most.
const PEACE: Duration = Duration::from_secs(20);
const SAMPLE: Duration = Duration::from_secs(5);
const SETTLE: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let minutes = std::env::args().nth(1).map_or(Ok(30.0), |text| text.parse::<f64>());
    let Ok(minutes) = minutes else {
        eprintln!("usage: soak [MINUTES]");
        return ExitCode::from(2);
    };
    let passed = std::panic::catch_unwind(|| run(Duration::from_secs_f64(minutes * 60.0)));
    let passed = matches!(passed, Ok(true));
    println!("{}", if passed { "PASSED" } else { "FAILED" });
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(length: Duration) -> bool {
    let pair = Pair::start();
    shop::create(&pair);
    let setup = Setup::new(&pair);
    let [source, target] = [&pair.source, &pair.target].map(|side| Proxy::before(side.cluster.port()));
    setup.start_nodes();
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    let through = |text: String, port: u16, proxy: &Proxy| {
        text.replace(&format!("port={port}"), &format!("port={}", proxy.port()))
    };
    let root = through(pair.source.connstr(), pair.source.port, &source);
    setup.set("pgqd.ini", "base_connstr", &through(pair.source.base_connstr(), pair.source.port, &source));
    setup.set("source.ini", "db", &root);
    setup.set("target.ini", "db", &through(pair.target.connstr(), pair.target.port, &target));
    setup.set("target.ini", "remote_extra_connstr", &format!("port={}", source.port()));
    setup.londisted(&["-d", "pgqd.ini", "source.ini", "target.ini"]).expect_success();
    setup.add_all();
    setup.wait_ok(SETTLE);
    let pid = setup.target_worker().expect_pid();
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(10));
    let mut samples = Samples::default();
    let (began, mut fault, mut faults) = (Instant::now(), Instant::now() + PEACE, 0);
    while began.elapsed() < length {
        samples.take(pid, began.elapsed(), &pair);
        std::thread::sleep(SAMPLE);
        if Instant::now() > fault {
            faults += 1;
            cause(&pair, &source, &target);
            fault = Instant::now() + PEACE.mul_f64(fastrand::f64());
        }
    }
    writers.stop();
    for proxy in [&source, &target] {
        proxy.heal();
    }
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    println!("{faults} faults in {} min; every row is equal", length.as_secs() / 60);
    let alive = setup.target_worker().expect_pid() == pid;
    println!("the process {}", if alive { "has lived through them" } else { "is another one" });
    samples.write(&tests::repository().join("target/soak"));
    alive && samples.are_flat()
}

/// Something that happens to networks and servers. The source's own server stays: the writers' errors would be the
/// harness's.
fn cause(pair: &Pair, source: &Proxy, target: &Proxy) {
    let proxy = if fastrand::bool() { source } else { target };
    let fault = fastrand::u8(0..6);
    match fault {
        0 => {
            proxy.swallow();
            proxy.heal();
        }
        1 => {
            proxy.refuse();
            std::thread::sleep(Duration::from_secs_f64(fastrand::f64() * 3.0));
            proxy.heal();
        }
        2 => {
            proxy.slow(Duration::from_millis(fastrand::u64(10..2000)));
            std::thread::sleep(Duration::from_secs(2));
            proxy.heal();
        }
        3 => _ = pair.target.cluster.terminate_sessions(),
        4 => pair.target.cluster.restart(Shutdown::Fast),
        _ => {
            pair.target.cluster.kill();
            pair.target.cluster.start_again();
        }
    }
}
