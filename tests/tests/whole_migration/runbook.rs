//! The guide, from its first command to its last, as ordinary roles, with applications writing all the time.
use std::time::Duration;

use tests::guide::{self, Step};
use tests::load::pgbench::{self, Pgbench};
use tests::load::shop;
use tests::{Pair, Setup, compare};

/// Definition of every foreign key of the application, in a fixed order.
const FOREIGN_KEYS: &str =
    "select conrelid::regclass, conname, pg_get_constraintdef(oid), condeferrable, condeferred, convalidated
    from pg_constraint where contype = 'f' and connamespace::regnamespace::text in ('shop', '\"Back Office\"')
    order by 1, 2";

/// User triggers of the application's tables and whether they fire.
const TRIGGERS: &str =
    "select tgrelid::regclass, tgname, tgenabled from pg_trigger join pg_class c on c.oid = tgrelid
    where not tgisinternal and relnamespace::regnamespace::text in ('shop', '\"Back Office\"') order by 1, 2";

fn run(setup: &Setup, steps: Vec<Step>) {
    for step in steps {
        step.run(setup).expect_success();
    }
}

#[test]
fn the_guides_commands_in_order_move_a_live_database() {
    let pair = Pair::start();
    shop::create(&pair);
    pgbench::create(&pair, 1);
    let foreign_keys = pair.target.rows(FOREIGN_KEYS);
    assert!(foreign_keys.len() > 20);
    let triggers = pair.target.rows(TRIGGERS);
    let setup = Setup::new(&pair);
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(10));
    let bench = Pgbench::start(&setup, 2, 60);

    for step in guide::install(&setup) {
        let output = step.run(&setup);
        output.expect_success();
        assert!(!output.stderr.contains("ERROR"), "{}", output.report());
    }
    run(&setup, guide::nodes(&setup));
    run(&setup, guide::drop_foreign_keys(&setup));
    assert_eq!(pair.target.rows(FOREIGN_KEYS).len(), 0, "foreign keys are dropped on the target");
    run(&setup, guide::add());
    setup.wait_ok(Duration::from_secs(180));
    run(&setup, guide::restore_foreign_keys(&setup));
    // Replay goes on under the restored keys.
    setup.wait_caught_up(Duration::from_secs(60));

    let status = setup.londiste(&["target.ini", "status"]);
    status.expect_success();
    for word in
        ["Queue: migq", "Local node: subscriber", "primary (root)", "subscriber (leaf)", "Tables: ", "Lag: "]
    {
        assert!(status.stdout.contains(word), "{word}\n{}", status.report());
    }
    let tables = setup.londiste(&["target.ini", "tables"]);
    tables.expect_success();
    for word in [
        "Tables on node",
        "table_name",
        "merge_state",
        "shop.customer",
        "shop.page_view",
        "Back Office.Staff.Member",
    ] {
        assert!(tables.stdout.contains(word), "{word}\n{}", tables.report());
    }
    assert!(
        !tables.stdout.contains("page_view_2024"),
        "a partition is no table of its own\n{}",
        tables.report()
    );

    std::thread::sleep(Duration::from_secs(3));
    writers.stop().expect_clean();
    bench.stop().expect_clean();
    setup.wait_caught_up(Duration::from_secs(60));
    let equal = compare::assert_equal(&pair);
    assert!(equal.tables >= 35 && equal.rows > 150_000, "{equal:?}");

    run(&setup, vec![guide::restore_foreign_keys(&setup).remove(1)]);
    for table in ["shop.page_view", "public.pgbench_history"] {
        setup.londiste(&["target.ini", "remove-table", table]).expect_success();
        setup.londiste(&["source.ini", "remove-table", table]).expect_success();
        assert!(setup.table_states().iter().all(|(name, _)| name != table));
    }
    setup.londiste(&["target.ini", "remove-table", "*.*"]).expect_success();
    assert_eq!(
        pair.target.rows(FOREIGN_KEYS),
        foreign_keys,
        "a table that leaves gets its foreign keys back as they were"
    );
    assert_eq!(pair.target.rows(TRIGGERS), triggers, "and its triggers");

    for daemon in [setup.ticker(), setup.source_worker(), setup.target_worker()] {
        let log = daemon.log();
        assert!(!log.is_empty(), "{} is empty", daemon.logfile.display());
        for secret in [&pair.source.password, &pair.target.password] {
            assert!(!log.contains(secret.as_deref().unwrap()), "a password in {}", daemon.logfile.display());
        }
    }
}

#[test]
fn installing_twice_and_in_a_single_transaction_is_free_of_errors() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    for side in [&pair.source, &pair.target] {
        for options in [
            &["-v", "ON_ERROR_STOP=1", "-q"][..],
            &["--single-transaction", "-v", "ON_ERROR_STOP=1", "-q"],
            &["-q"],
        ] {
            let file = tests::repository().join("sql/init_noext.sql");
            let mut words = options.to_vec();
            words.extend(["-f", file.to_str().unwrap()]);
            let output = side.psql_with(&words);
            output.expect_success();
            assert!(
                !output.stderr.contains("ERROR") && !output.stderr.contains("WARNING"),
                "{}",
                output.report()
            );
        }
        for schema in ["pgq", "pgq_node", "londiste"] {
            assert!(!side.value(&format!("select {schema}.version()")).is_empty());
        }
    }
    run(&setup, guide::install(&setup));
}

#[test]
fn nodes_install_what_is_missing_themselves() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text)");
    pair.source.execute("insert into t select i, 'row' from generate_series(1, 100) i");
    let setup = Setup::new(&pair);
    run(&setup, guide::nodes(&setup));
    setup.add_all();
    setup.wait_ok(Duration::from_secs(60));
    assert_eq!(compare::assert_equal(&pair).rows, 100);
}
