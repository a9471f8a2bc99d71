//! Values of every type, written by statements of every kind, from several sessions with settings and rights of their
//! own: source and target hold the same rows afterwards, and no session saw an error that was not its own. Time and
//! seed: `docs/testing.md`.

mod geometry;
mod key;
mod kind;
mod numbers;
mod scalar;
mod session;
mod statement;
mod table;
mod times;
mod types;

use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;
use session::{Done, Session};
use tests::{Database, Pair, Setup, compare};

const SESSIONS: usize = 4;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

#[test]
fn every_value_and_every_statement_arrives_as_it_was() {
    let seed = from_environment("TORTURE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let seconds = from_environment("TORTURE_SECONDS").unwrap_or(10);
    println!("TORTURE_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let settings = [("deadlock_timeout", "20ms"), ("autovacuum_naptime", "1s")];
    let pair = Pair::start_with(&settings);
    let types = types::create(&pair);
    let tables = table::create(&pair, &types, &mut rng);
    let setup = Setup::new(&pair);
    setup.replicate();
    compare::assert_equal(&pair);
    // from now on the table hides rows from its owner as well, who installed the capture
    pair.source.execute("alter table torture.guarded force row level security");

    let owner = pair.source.app().clone();
    let writer = Database {
        user: table::WRITER.to_owned(),
        password: Some("writer-Secret4".to_owned()),
        ..owner.clone()
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    let done: Vec<Done> = std::thread::scope(|scope| {
        let sessions: Vec<_> = (0..SESSIONS)
            .map(|number| Session {
                number,
                database: if number % 2 == 0 { owner.clone() } else { writer.clone() },
                owner: number % 2 == 0,
                tables: &tables,
                major: pair.source.cluster.major(),
                rng: rng.fork(),
                log: Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("torture-{number}.sql")),
            })
            .map(|session| scope.spawn(move || session.run(until)))
            .collect();
        while Instant::now() < until {
            let compared = setup.londiste(&["target.ini", "compare", "--again"]);
            assert!(matches!(compared.code, 0 | 3), "TORTURE_SEED={seed}: {}", compared.report());
        }
        sessions.into_iter().map(|session| session.join().expect("a session ends")).collect()
    });
    println!("{done:?}");
    let errors: Vec<&String> = done.iter().flat_map(|session| &session.errors).collect();
    assert!(errors.is_empty(), "TORTURE_SEED={seed}: the application saw errors: {errors:#?}");
    assert!(done.iter().all(|session| session.committed > 0), "a session did nothing: {done:?}");
    let light = pair.source.number("select count(*) from pgq.event_1 where ev_type = 'rec.L'");
    assert!(light > 0, "TORTURE_SEED={seed}: no event left a large value out");
    setup.wait_caught_up(Duration::from_secs(180));
    // a table that the worker has parked is not
    setup.wait_ok(Duration::from_secs(20));
    if let Err(difference) = compare::databases(&pair.source.admin(), &pair.target.admin()) {
        panic!("TORTURE_SEED={seed}; statements are in {}\n{difference}", env!("CARGO_TARGET_TMPDIR"));
    }
    // the role may not see all rows of one of them
    let compared = setup.londiste(&["target.ini", "compare", "--again"]);
    compared.expect_failure(3, &["1 tables could not be compared"]);
    assert!(compared.stdout.contains("torture.guarded: COULD NOT BE COMPARED"), "{}", compared.report());
}
