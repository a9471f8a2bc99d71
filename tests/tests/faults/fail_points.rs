//! Each process dies at each of the places where something has just been committed, or is about to be, while the
//! application writes: nothing is lost, nothing is doubled. The places exist in debug builds only
//! (`parts::fail_point`).
#![cfg(debug_assertions)]

use std::time::Duration;

use tests::load::pgbench::{self, Pgbench};
use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(240);

/// Process and place; `:n` is the n-th time it comes there.
const REPLAY: &[(&str, &str)] = &[
    ("pgqd", "ticked:5"),
    ("pgqd", "maintained:2"),
    ("source", "sequences-before"),
    ("source", "sequences-after"),
    ("source", "global-watermark-set"),
    ("target", "watermark-set"),
    ("target", "relaxed"),
    ("target", "batch-taken:3"),
    ("target", "batch-before-commit:3"),
    ("target", "batch-before-finish:3"),
    ("target", "batch-after-finish:3"),
];

/// Places that the target's worker comes to while it copies tables: one in chunks, one that has no key and is copied
/// under one snapshot, two small ones together.
const COPY: &[(&[&str], &[&str])] = &[
    (
        &["public.pgbench_accounts"],
        &[
            "copy-registered",
            "chunks-before-begin",
            "chunks-begun",
            "chunk-before-commit",
            "chunk-after-commit",
            "staging-before-commit",
            "staging-after-commit",
            "reconcile-before-commit",
            "reconcile-after-commit",
            "index-before-commit",
            "copy-end-before-commit",
            "copy-end-after-commit",
        ],
    ),
    (
        &["public.pgbench_history"],
        &[
            "whole-before-commit",
            "whole-after-commit",
            "catch-up-before-commit",
            "catch-up-before-finish",
            "wanna-sync-set",
            "do-sync-set",
            "hand-over-before-commit",
            "hand-over-after-commit",
            "copy-leaves",
        ],
    ),
    (
        &["public.pgbench_branches", "public.pgbench_tellers"],
        &[
            "copy-registered",
            "whole-before-commit",
            "whole-after-commit",
            "catch-up-before-commit",
            "catch-up-before-finish",
            "consumers-moved",
            "wanna-sync-set",
            "do-sync-set",
            "hand-over-before-commit",
            "hand-over-after-commit",
            "copy-leaves",
        ],
    ),
];

/// How the places begin that only a copy in chunks comes to.
const OF_CHUNKS: [&str; 3] = ["chunk", "staging", "reconcile"];

/// The history has no key: a change that came twice shows there.
fn start() -> (Pair, Setup, Pgbench) {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    pair.both("create sequence counter");
    let setup = Setup::new(&pair);
    setup.set("pgqd.ini", "maint_period", "0.5");
    setup.replicate();
    let load = Pgbench::start(&setup, 2, 100);
    (pair, setup, load)
}

/// Lets one of the processes, which does not run, run until it has died at that place.
fn die(setup: &Setup, name: &str, point: &str) {
    let ini = format!("{name}.ini");
    let environment = [("LONDISTE_FAIL_POINT", point)];
    let (program, words) = if name == "pgqd" {
        ("pgqd", vec![ini.as_str()])
    } else {
        ("londiste", vec![ini.as_str(), "worker"])
    };
    let mut process = setup.foreground_in(program, &words, point, &environment);
    eprintln!("{name} is to die at {point}");
    let code = process.wait(SETTLE);
    assert_eq!(code, -1, "{name} at {point} ended in another way\n{}", setup.logs());
}

fn settle(pair: &Pair, setup: &Setup, load: Pgbench) {
    load.stop().expect_clean();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    let equal = compare::assert_equal(pair);
    assert!(equal.rows > 100_000, "{equal:?}");
}

#[test]
fn death_at_each_commit_of_replay() {
    let (pair, setup, load) = start();
    for name in ["pgqd", "source", "target"] {
        setup.stop_daemon(name);
        for (_, point) in REPLAY.iter().filter(|(process, _)| *process == name) {
            die(&setup, name, point);
        }
        setup.start_daemon(name);
    }
    settle(&pair, &setup, load);
}

#[test]
fn death_at_each_commit_of_a_copy() {
    let (pair, setup, load) = start();
    setup.stop_daemon("target");
    setup.set("target.ini", "copy_chunk_pages", "200");
    // before version 14 no table is copied in chunks
    let in_chunks = pair.source.cluster.major() >= 14;
    for (tables, points) in COPY {
        if tables.len() > 1 {
            // a slot for each of them would part those that go together
            setup.set("target.ini", "parallel_copies", "1");
        }
        for point in
            points.iter().filter(|point| in_chunks || !OF_CHUNKS.iter().any(|of| point.starts_with(of)))
        {
            let mut resync = vec!["target.ini", "resync"];
            resync.extend(*tables);
            setup.londiste(&resync).expect_success();
            die(&setup, "target", point);
        }
    }
    setup.start_daemon("target");
    settle(&pair, &setup, load);
}

#[test]
fn death_at_each_step_of_parking_a_table() {
    let (pair, setup, load) = start();
    setup.stop_daemon("target");
    pair.target.execute("alter table pgbench_tellers add constraint none check (tbalance is null) not valid");
    for point in ["parking-prepared", "parking-written", "parked"] {
        die(&setup, "target", point);
    }
    setup.start_daemon("target");
    setup.wait_caught_up(SETTLE);
    pair.target.execute("alter table pgbench_tellers drop constraint none");
    setup.londiste(&["target.ini", "resume-table", "pgbench_tellers"]).expect_success();
    settle(&pair, &setup, load);
}

/// Everything that the user can see of the foreign keys; without their deferrability, which a worker without the right
/// to bypass triggers changes as long as their tables are replicated.
fn fkeys(pair: &Pair, with_deferrability: bool) -> String {
    let definition = if with_deferrability {
        "pg_get_constraintdef(oid)"
    } else {
        "regexp_replace(pg_get_constraintdef(oid), ' DEFERRABLE( INITIALLY DEFERRED)?', '')"
    };
    pair.target.value(&format!(
        "select string_agg(concat_ws(' ', conrelid::regclass, conname, {definition}, convalidated,
                                     obj_description(oid, 'pg_constraint')),
                           E'\n' order by conrelid::regclass::text, conname)
           from pg_constraint
          where contype = 'f' and connamespace = 'public'::regnamespace
            and (conparentid = 0 or conrelid = 'c1'::regclass)"
    ))
}

#[test]
fn death_at_each_step_of_a_foreign_key() {
    let pair = Pair::start();
    pair.both(
        "create table p (id int primary key);
         create table c (id int primary key, p int) partition by range (id);
         create table c1 partition of c for values from (0) to (1000);
         create table s (id int primary key, p int constraint sp references p deferrable initially deferred, own int);
         alter table s add constraint self foreign key (own) references s on delete set null not valid;
         alter table s add constraint plain foreign key (p) references p on update cascade;
         comment on constraint sp on s is 'of s';
         alter table c1 add constraint own_name foreign key (p) references p;
         alter table c add constraint cp foreign key (p) references p on delete cascade",
    );
    pair.source.execute(
        "insert into p select generate_series(1, 200); insert into c select g, g from generate_series(1, 200) g;
         insert into s select g, g, g from generate_series(1, 200) g",
    );
    let before = [true, false].map(|with| fkeys(&pair, with));
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.stop_daemon("target");
    let resync = || {
        setup.londiste(&["target.ini", "resync", "--all"]).expect_success();
    };
    let points = [
        "fkeys-dropped",
        "fkey-restore-before-commit:2",
        "fkey-restored",
        "fkey-restored:3",
        "fkey-validated",
        "fkey-validated:2",
    ];
    for point in points {
        resync();
        die(&setup, "target", point);
        setup.start_daemon("target");
        setup.londiste(&["target.ini", "wait-sync"]).expect_success();
        assert_eq!(fkeys(&pair, false), before[1], "{point}");
        setup.stop_daemon("target");
    }
    // each death on top of what the one before has left: a copy, or the next step only
    for (at, point) in points.into_iter().enumerate() {
        if at % 2 == 0 {
            resync();
        }
        die(&setup, "target", point);
    }
    setup.start_daemon("target");
    setup.londiste(&["target.ini", "wait-sync"]).expect_success();
    assert_eq!(fkeys(&pair, false), before[1]);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    setup.stop_daemon("target");
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    assert_eq!(fkeys(&pair, true), before[0]);
}

#[test]
fn a_batch_that_is_interrupted_again_and_again_becomes_smaller() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.stop_daemon("target");
    for tick in 0..16 {
        pair.source
            .execute(&format!("insert into t select generate_series({tick} * 500 + 1, {tick} * 500 + 500)"));
        pair.source.execute("select londiste_rs.tick_now('migq')");
    }
    let in_hand = || {
        pair.source.number(
            "select n.tick_event_seq - l.tick_event_seq from pgq.subscription s
               join pgq.consumer c on c.co_id = s.sub_consumer and c.co_name = 'target_app'
               join pgq.tick l on l.tick_id = s.sub_last_tick join pgq.tick n on n.tick_id = s.sub_next_tick",
        )
    };
    let mut sizes = Vec::new();
    for _ in 0..3 {
        die(&setup, "target", "batch-before-commit");
        sizes.push(in_hand());
    }
    assert!(sizes[0] > 10_000 && sizes[1] <= sizes[0] / 4 && sizes[2] <= sizes[1] / 4, "{sizes:?}");
    setup.start_daemon("target");
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 8_000);
}
