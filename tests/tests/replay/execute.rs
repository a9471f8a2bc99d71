//! Scripts that run on every node, in their place between the changes.
use std::time::Duration;

use tests::{Output, Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

fn execute(setup: &Setup, name: &str, sql: &str) -> Output {
    assert!(std::fs::write(setup.directory().join(name), sql).is_ok(), "{name}");
    setup.londiste(&["source.ini", "execute", name])
}

#[test]
fn scripts_run_in_order_where_they_are_needed_and_one_that_fails_can_be_skipped() {
    let pair = Pair::start();
    pair.forbid_silencing();
    pair.both(
        "create table t (id int primary key); create table child (id int primary key, t int references t);
         create table named (id int primary key, v text);
         create function f(int) returns int language sql as 'select 1'",
    );
    pair.target.execute("alter table named rename to other");
    pair.source.execute("create table only_here (id int primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        setup.londiste(&[ini, "add-table", "t", "child"]).expect_success();
    }
    setup.londiste(&["source.ini", "add-table", "named"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "named", "--dest-table", "other"]).expect_success();
    setup.wait_ok(SETTLE);

    // all in one batch: rows whose foreign keys are still to be checked, the table's change, rows of its new form
    setup.stop_daemon("target");
    pair.source.execute(
        "insert into t values (1); insert into child values (1, 1); insert into named values (1, 'a')",
    );
    execute(
        &setup,
        "a.sql",
        "-- a remark\nalter table t add column v int default 7;\n\
         create table made (id int);\ninsert into made values (1);\n",
    )
    .expect_success();
    let sql = "--*-- Local-Table: public.named\n--*-- Need-Function: f(1)\n\
               alter table @public.named@ rename column v to w;\n";
    execute(&setup, "b.sql", sql).expect_success();
    pair.source.execute("insert into t values (2, 8); insert into named values (2, 'b')");
    let said = execute(&setup, "c.sql", "--*-- Need-Table: only_here\ninsert into only_here values (1);\n")
        .expect_success()
        .stdout
        .clone();
    assert!(said.contains("was run"), "{said}");
    let said = execute(&setup, "a.sql", "select 1").expect_success().stdout.clone();
    assert!(said.contains("has been run already"), "{said}");
    for (name, sql, reason) in [
        ("x1.sql", "create table never (id int); commit", "transaction commands"),
        ("x2.sql", "--*-- Bogus: t\nselect 1", "no attribute"),
        ("x3.sql", "--*-- Need-Table: only_here, nosuch\nselect 1", "not nosuch"),
        ("x4.sql", "insert into t values (99)", "would come to the other nodes twice"),
    ] {
        let refused = execute(&setup, name, sql);
        refused.expect_failure(1, &[reason]);
    }
    setup.start_daemon("target");
    setup.wait_caught_up(SETTLE);
    let same = ["public.t", "public.child", "public.made"].map(str::to_owned);
    compare::these(&setup.source, &setup.target, &same).expect("the same rows");
    assert_eq!(pair.target.value("select string_agg(id || w, ',' order by id) from other"), "1a,2b");
    assert_eq!(pair.target.value("select string_agg(v::text, ',' order by id) from t"), "7,8");
    let refused = setup.londiste(&["target.ini", "execute", "a.sql"]);
    refused.expect_failure(1, &["is not the root"]);

    execute(
        &setup,
        "d.sql",
        "alter table made add column only_source int; insert into only_here values (2);",
    )
    .expect_success();
    pair.source.execute("insert into t values (3, 9)");
    wait_for(SETTLE, "the script's failure is shown", || {
        let status = setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
        if status.contains("EXECUTE event d.sql") && status.contains("only_here") {
            Ok(())
        } else {
            Err(status)
        }
    });
    setup.londiste(&["target.ini", "execute", "--skip", "d.sql"]).expect_success();
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select string_agg(v::text, ',' order by id) from t"), "7,8,9");
}
