//! What no trigger captures: large objects, materialized views, statistics.

use tests::wait_until;

use crate::scene::{SETTLE, Scene};

const TABLES: &str = "
    create table t (id int primary key, v int);
    create materialized view sums as select count(*) as rows, sum(v) as v from t;
    create view doubled as select rows * 2 as rows from sums;
    create materialized view above as select rows from doubled;
    create unique index on above (rows);
    create materialized view broken as select 1 / (count(*) - 3) as x from t with no data;";

#[test]
fn large_objects_are_copied_and_views_refreshed_behind_the_switch() {
    let scene = Scene::of(TABLES);
    let (source, target) = (&scene.pair.source, &scene.pair.target);
    source.execute(
        "insert into t values (1, 10), (2, 20), (3, 30);
         select lo_from_bytea(4711, decode(repeat('00ff', 2500000), 'hex')), lo_from_bytea(4712, 'small'),
                lo_from_bytea(4713, '')",
    );
    target.execute("select lo_from_bytea(4712, 'stale'), lo_from_bytea(99, 'its own')");
    scene.setup.wait_caught_up(SETTLE);
    scene
        .setup
        .londiste(&["target.ini", "switchover"])
        .expect_failure(1, &["3 large objects", "--large-objects copy"]);
    let done = scene.setup.londiste(&["target.ini", "switchover", "--large-objects", "copy"]);
    assert!(done.expect_success().stdout.contains("3 large objects, 3 of them copied"), "{}", done.report());
    assert!(done.stdout.contains("3 large objects, 0 of them copied"), "{}", done.report());
    let objects = "select string_agg(oid || ' ' || md5(lo_get(oid)), ',' order by oid) \
                     from pg_largeobject_metadata where oid > 4000";
    assert_eq!(source.value(objects), target.value(objects));
    assert_eq!(target.value("select convert_from(lo_get(99), 'utf8')"), "its own");
    let care = || target.value("select coalesce((select care from londiste_rs.switch), '')") == "done";
    wait_until(SETTLE, "views are refreshed", care);
    assert_eq!(target.value("select rows || ' ' || v from sums"), "3 60");
    assert_eq!(target.number("select rows from above"), 6);
    assert_eq!(target.number("select count(*) from pg_stats where tablename = 't'"), 2);
    let log = scene.setup.target_worker().log();
    assert!(log.contains("broken") && log.contains("division by zero"), "{log}");
    let status = scene.setup.londiste(&["target.ini", "switchover", "--status"]);
    assert!(status.expect_success().stdout.contains("node subscriber is the root"), "{}", status.report());
}
