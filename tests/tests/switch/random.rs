//! Random histories over random switches there and back: whatever several sessions write on the side that takes
//! changes, both sides are equal after each switch.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tests::{Database, compare, wait_until};

use crate::scene::{SETTLE, Scene};

const TABLES: &str = "
    create table parent (id int primary key, v int);
    create table child (id int primary key,
        parent int references parent on update cascade on delete cascade deferrable initially immediate, t text);
    create table pair (a int, b int, v text, primary key (a, b));
    create table keyless (a int, b text);
    create table parts (id int, r int, v int, primary key (id, r)) partition by range (r);
    create table parts_1 partition of parts for values from (0) to (50);
    create table parts_2 partition of parts for values from (50) to (100);";

const SESSIONS: u64 = 3;

/// A statement that may fail by what the others do.
fn statement(rng: &mut Rng) -> String {
    let (a, b, c) = (rng.i32(0..40), rng.i32(0..40), rng.i32(0..100));
    match rng.u32(0..20) {
        0..3 => format!("insert into parent values ({a}, {c}) on conflict (id) do update set v = excluded.v"),
        3 => format!(
            "update parent set id = id + 40 where id = {a} and not exists (select from parent where id = {a} + 40)"
        ),
        4 => format!(
            "update parent set id = id - 40 where id = {a} + 40 and not exists (select from parent where id = {a})"
        ),
        5 => format!("delete from parent where id = {a}"),
        6..8 => format!(
            "insert into child values ({b}, (select min(id) from parent where id >= {a}), repeat('x', {c})) \
                 on conflict do nothing"
        ),
        8 => format!("update child set t = t || 'y' where id between {a} and {a} + 5"),
        9 => format!(
            "insert into pair values ({a}, {b}, 'v{c}') on conflict (a, b) do update set a = pair.a, v = excluded.v"
        ),
        10 => format!(
            "update pair set b = b + 100 \
              where a = {a} and b < 100 and not exists (select from pair p where p.a = {a} and p.b >= 100)"
        ),
        11 => format!("delete from pair where a = {a}"),
        12 => format!("insert into keyless select {a}, 'k' || i from generate_series(1, 3) i"),
        13 => format!("update keyless set b = b || '!' where a = {a} and length(b) < 10"),
        14 => format!("delete from keyless where ctid in (select ctid from keyless where a = {a} limit 1)"),
        15..17 => format!(
            "insert into parts values ({a}, {c}, 0) on conflict (id, r) do update set v = parts.v + 1"
        ),
        17 => format!(
            "update parts set r = (r + 50) % 100 where id = {a} \
                and not exists (select from parts p where p.id = {a} and p.r = (parts.r + 50) % 100)"
        ),
        18 => match rng.u32(0..12) {
            0 => "truncate keyless".to_owned(),
            1 => "truncate parts_1".to_owned(),
            2 => "truncate child, pair".to_owned(),
            _ => "select 1".to_owned(),
        },
        _ => format!(
            "set constraints all deferred; \
             update child set parent = (select max(id) from parent where id <= {a}) where id = {b}"
        ),
    }
}

fn transaction(rng: &mut Rng) -> String {
    let begin = if rng.u32(0..4) == 0 { "begin isolation level repeatable read" } else { "begin" };
    let mut text = format!("{begin};");
    for number in 0..rng.usize(1..5) {
        let statement = statement(rng);
        match rng.u32(0..5) {
            0 => text += &format!("savepoint s{number}; {statement}; rollback to s{number};"),
            1 => text += &format!("savepoint s{number}; {statement}; release s{number};"),
            _ => text += &format!("{statement};"),
        }
    }
    text + if rng.u32(0..10) == 0 { "rollback" } else { "commit" }
}

fn session(seed: u64, sides: &[Database; 2], side: &AtomicUsize, stop: &AtomicBool) -> u64 {
    let mut rng = Rng::with_seed(seed);
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let at = side.load(Ordering::Relaxed);
        let Ok(mut client) = sides[at].try_connect() else { continue };
        while !stop.load(Ordering::Relaxed) {
            match client.batch_execute(&transaction(&mut rng)) {
                Ok(()) => done += 1,
                Err(error) => {
                    client.batch_execute("rollback").ok();
                    if error.code().is_some_and(|code| code.code() == "25006") {
                        side.compare_exchange(at, 1 - at, Ordering::Relaxed, Ordering::Relaxed).ok();
                        break;
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(rng.u64(0..8)));
        }
    }
    done
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn random_histories_over_random_switches_are_equal_on_both_sides() {
    let seed = std::env::var("SWITCH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let rounds = std::env::var("SWITCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4);
    println!("SWITCH_SEED={seed}");
    let scene = Scene::of(TABLES);
    let sides = [scene.pair.source.app().clone(), scene.pair.target.app().clone()];
    let mut rng = Rng::with_seed(seed);
    let side = AtomicUsize::new(0);
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let sessions: Vec<_> = (0..SESSIONS)
                .map(|number| {
                    let (sides, side, stop) = (&sides, &side, &stop);
                    let seed = seed ^ (round << 8) ^ number;
                    scope.spawn(move || session(seed, sides, side, stop))
                })
                .collect();
            // a failure here must not wait for sessions that nobody stops
            let _ends = Ends(&stop);
            let before = rng.u64(100..2000);
            std::thread::sleep(Duration::from_millis(before));
            let ini = if round % 2 == 0 { "target.ini" } else { "source.ini" };
            // what is wrong with rows is told below, whatever the switch itself verifies
            let mut words = vec![ini, "switchover", "--force", "comparison,triggers"];
            words.extend([&["--verify", "none"][..], &["--verify", "full"], &[]][rng.usize(0..3)]);
            scene.setup.londiste(&words).expect_success();
            std::thread::sleep(Duration::from_millis(rng.u64(100..1000)));
            stop.store(true, Ordering::Relaxed);
            let done: u64 = sessions.into_iter().map(|session| session.join().expect("a session ends")).sum();
            assert!(done > 10, "{done} transactions in round {round}");
        });
        let same = || compare::databases(&sides[0], &sides[1]).is_ok();
        wait_until(SETTLE, "both sides are equal", same);
        compare::assert_equal(&scene.pair);
    }
}
