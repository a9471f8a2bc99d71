//! A root with one party's tools and SQL, its leaf with the other's.
use tests::setup::Tools;
use tests::{Pair, Setup, Side};

use super::application::{self, Load};
use super::{add_and_sync, pair, run};

/// The stock extensions on one side, with the grants that an ordinary role needs to work with them.
fn use_extensions(side: &Side) {
    side.admin().execute(&format!(
        "create extension pgq; create extension pgq_node; create extension londiste; \
         grant pgq_admin, londiste_writer to {}",
        side.user
    ));
}

fn use_our_sql(side: &Side) {
    side.psql_file(&tests::repository().join("sql/init_noext.sql"));
}

fn nodes_and_load(pair: &Pair, setup: &Setup) -> Load {
    let load = Load::start(setup);
    run(setup, tests::guide::nodes(setup));
    add_and_sync(setup);
    setup.londiste(&["source.ini", "status"]).expect_success();
    setup.londiste(&["target.ini", "status"]).expect_success();
    assert!(pair.target.number("select count(*) from londiste.table_info where merge_state = 'ok'") >= 9);
    load
}

#[test]
fn a_stock_root_serves_our_leaf() {
    let Some(pair) = pair(true) else { return };
    application::create(&pair);
    use_extensions(&pair.source);
    use_our_sql(&pair.target);
    let setup = Setup::new(&pair);
    setup.use_tools("pgqd", Tools::Stock);
    setup.use_tools("source", Tools::Stock);
    nodes_and_load(&pair, &setup).settle(&pair, &setup);
}

#[test]
fn our_root_with_stock_capture_serves_a_stock_leaf() {
    let Some(pair) = pair(true) else { return };
    application::create(&pair);
    use_our_sql(&pair.source);
    use_extensions(&pair.target);
    let setup = Setup::new(&pair);
    setup.use_tools("target", Tools::Stock);
    let wrong = setup.londiste(&["--set", "capture=wal", "source.ini", "members"]);
    wrong.expect_failure(1, &["capture = wal", "expected generated or stock"]);

    setup.set("source.ini", "capture", "stock");
    let load = nodes_and_load(&pair, &setup);
    let triggers = "select string_agg(distinct p.oid::regproc::text, ' ') \
                      from pg_trigger t join pg_proc p on p.oid = tgfoid where tgname like '\\_londiste\\_%'";
    assert_eq!(pair.source.value(triggers), "pgq.logutriga pgq.sqltriga");

    // What the stock triggers cannot do is refused, each with its reason; the others are added.
    let tables = "create table keyless (v text);
         create table parted (id int primary key, v text) partition by range (id);
         create table parted_1 partition of parted for values from (0) to (10);
         create table parted_2 partition of parted for values from (10) to (20)";
    pair.both(tables);
    let refused = setup.londiste(&["source.ini", "add-table", "--all"]);
    refused.expect_failure(1, &["public.keyless", "no primary key"]);
    setup.londiste(&["source.ini", "add-table", "parted"]).expect_failure(1, &["partitions"]);
    // the stock worker cannot copy into partitions of the target
    setup.londiste(&["source.ini", "remove-table", "parted_1", "parted_2"]).expect_success();
    pair.both("drop table keyless, parted");
    load.settle(&pair, &setup);
}
