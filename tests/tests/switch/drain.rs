//! Who still writes when the root is frozen, and who comes too late.

use std::time::Duration;

use postgres::Client;
use tests::{Database, compare, wait_until};

use crate::scene::{SETTLE, Scene};

const TABLES: &str = "create table t (id int primary key, v int); create table other (id int primary key)";

fn code(error: &postgres::Error) -> &str {
    error.code().map_or("", |code| code.code())
}

fn as_application(database: &Database, name: &str) -> Client {
    let mut client = database.connect();
    client.batch_execute(&format!("set application_name = '{name}'")).expect("a setting");
    client
}

fn is_open(database: &Database) -> bool {
    database.connect().batch_execute("insert into other values (-7); delete from other where id = -7").is_ok()
}

#[test]
fn who_has_written_may_end_or_is_named_or_is_ended() {
    let scene = Scene::of(TABLES);
    let source = scene.pair.source.app();
    let mut holder = as_application(source, "till 7");
    holder.batch_execute("begin; insert into t values (1, 1)").expect("a change");
    // named, and the root is open again
    let refused = scene.setup.londiste(&["target.ini", "switchover", "--drain", "1"]);
    refused.expect_failure(
        1,
        &["till 7", "insert into t values (1, 1)", "was taken back", "takes changes again"],
    );
    assert!(is_open(source));
    holder.batch_execute("insert into t values (2, 2)").expect("it was left alone");
    // spared
    let spared = ["target.ini", "switchover", "--drain", "1", "--terminate", "--spare", "till 7"];
    scene.setup.londiste(&spared).expect_failure(1, &["till 7"]);
    // it ends by itself in time
    let waiting = scene.waiting(&[]);
    waiting.go();
    waiting.wait_frozen();
    let late = source.connect().batch_execute("insert into t values (3, 3)").expect_err("closed");
    assert_eq!(code(&late), "25006");
    holder.batch_execute("commit").expect("it had begun before");
    let (exit, said) = waiting.end();
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("1 transactions ended by themselves"), "{said}");
    assert_eq!(scene.pair.target.number("select count(*) from t"), 2);
}

#[test]
fn who_does_not_end_is_ended_on_request_and_nobody_else() {
    let scene = Scene::of(TABLES);
    let source = scene.pair.source.app();
    let mut writer = as_application(source, "till 8");
    writer.batch_execute("begin; insert into t values (1, 1)").expect("a change");
    let mut reader = as_application(source, "reports");
    reader.batch_execute("begin; select * from t").expect("a query");
    let done = scene.setup.londiste(&["target.ini", "switchover", "--drain", "1", "--terminate"]);
    assert!(done.expect_success().stdout.contains("till 8"), "{}", done.report());
    assert!(writer.batch_execute("commit").is_err());
    reader.batch_execute("select * from t; commit").expect("readers go on");
    assert_eq!(scene.pair.target.number("select count(*) from t"), 0);
    scene.pair.target.execute("insert into t values (1, 5)");
    let same = || compare::databases(source, scene.pair.target.app()).is_ok();
    wait_until(SETTLE, "both sides are equal", same);
}

#[test]
fn a_snapshot_from_before_the_freeze_lets_nobody_write_behind_it() {
    let scene = Scene::of(TABLES);
    let source = scene.pair.source.app();
    let mut old: Vec<Client> = (0..4)
        .map(|_| {
            let mut client = source.connect();
            client
                .batch_execute("begin isolation level repeatable read; select count(*) from t")
                .expect("a snapshot");
            client
        })
        .collect();
    // one of them has written to another table of the queue: it is waited for
    old[0].batch_execute("insert into other values (1)").expect("a change");
    let waiting = scene.waiting(&[]);
    waiting.go();
    waiting.wait_frozen();
    let mut written = 0;
    for (number, client) in old.iter_mut().enumerate().skip(1) {
        match client.batch_execute(&format!("insert into t values ({number}, 0)")) {
            // refused at once, or waited for
            Err(error) => assert_eq!(code(&error), "25006", "{error:?}"),
            Ok(()) => written += i64::from(client.batch_execute("commit").is_ok()),
        }
    }
    old[0].batch_execute("commit").expect("it had begun before");
    let (exit, said) = waiting.end();
    assert_eq!(exit, 0, "{said}");
    for (number, client) in old.iter_mut().enumerate() {
        let sql =
            format!("rollback; begin isolation level repeatable read; insert into t values (10{number}, 0)");
        assert_eq!(code(&client.batch_execute(&sql).expect_err("closed")), "25006");
    }
    assert_eq!(scene.pair.source.number("select count(*) from t"), written);
    assert_eq!(scene.pair.target.number("select count(*) from t"), written);
    assert_eq!(scene.pair.target.number("select count(*) from other"), 1);
}

#[test]
fn the_deadline_opens_the_root_again() {
    let scene = Scene::of(TABLES);
    let mut writer = scene.pair.source.connect();
    writer.batch_execute("begin; insert into t values (5, 5)").expect("a change");
    let waiting = scene.waiting(&["--deadline", "5"]);
    waiting.go();
    waiting.wait_frozen();
    // the last tick comes, and nobody applies it
    scene
        .pair
        .target
        .execute("select pgq_node.set_consumer_paused('migq', worker_name, true) from pgq_node.node_info");
    writer.batch_execute("commit").expect("it had begun before");
    let (exit, said) = waiting.end();
    assert_eq!(exit, 1, "{said}");
    // the command opens it again, or finds that its worker has
    assert!(said.contains("within 5 s (--deadline)") && said.contains("ode primary takes changes"), "{said}");
    assert!(is_open(scene.pair.source.app()));
    let refused =
        scene.pair.target.connect().batch_execute("insert into t values (1, 1)").expect_err("a leaf");
    assert_eq!(code(&refused), "25006");
    scene.setup.londiste(&["target.ini", "switchover"]).expect_failure(1, &["is paused", "resume"]);
    scene.setup.londiste(&["target.ini", "resume"]).expect_success();
    scene.pair.source.execute("insert into t values (1, 1)");
    scene.setup.wait_caught_up(Duration::from_secs(30));
    scene.setup.londiste(&["target.ini", "switchover"]).expect_success();
    assert_eq!(scene.pair.target.number("select count(*) from t"), 2);
}
