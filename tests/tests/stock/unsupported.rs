//! What a stock setup may hold that this version does not serve: it is refused by name, and nothing is done as if it
//! were not there.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

fn parked(setup: &Setup) -> String {
    setup.target.value(
        "select coalesce(string_agg(table_name, ',' order by table_name), '') \
           from londiste_rs.parked_tables('migq')",
    )
}

#[track_caller]
fn wait_parked(setup: &Setup, tables: &str) {
    wait_for(SETTLE, "tables are parked", || match parked(setup) {
        now if now == tables => Ok(()),
        now => Err(format!("{now}\n{}", setup.logs())),
    });
}

fn set_attributes(pair: &Pair, table: &str, attributes: &str) {
    pair.target.execute(&format!(
        "update londiste.table_info set table_attrs = {attributes} where table_name = 'public.{table}'"
    ));
}

#[test]
fn attributes_nodes_and_events_that_nobody_serves_are_refused_by_name() {
    let pair = Pair::start();
    for table in ["plain", "hidden", "late"] {
        pair.both(&format!("create table {table} (id int primary key, v text)"));
        pair.source.execute(&format!("insert into {table} values (1, 'x')"));
    }
    let setup = Setup::new(&pair);
    setup.set("source.ini", "capture", "stock");
    setup.replicate();

    // a table that is replicated
    set_attributes(&pair, "plain", "'handler=bulk%28method%3D1%29&max_parallel_copy=2'");
    set_attributes(&pair, "hidden", "'handler=obfuscate'");
    pair.source.execute("insert into plain values (2, 'y'); insert into hidden values (2, 'secret')");
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "public.hidden");
    assert_eq!(pair.target.value("select count(*) from plain"), "2");
    for command in ["tables", "status"] {
        let said = setup.londiste(&["target.ini", command]).expect_success().stdout.clone();
        assert!(said.contains("handler=obfuscate") && said.contains("remove-table public.hidden"), "{said}");
    }
    setup.londiste(&["target.ini", "resume-table", "hidden"]).expect_success();
    wait_parked(&setup, "public.hidden");
    assert_eq!(pair.target.value("select count(*) from hidden"), "1");

    // one that waits for its copy
    setup.stop_daemon("target");
    setup.londiste(&["target.ini", "remove-table", "late", "hidden"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "late", "hidden"]).expect_success();
    set_attributes(&pair, "late", "'skip_truncate=1&handler=part%28key%3Did%29'");
    pair.source.execute("insert into late values (2, 'y')");
    setup.start_daemon("target");
    wait_parked(&setup, "public.late");
    assert_eq!(
        pair.target.value(
            "select coalesce(merge_state, 'None') from londiste.table_info where table_name = 'public.late'"
        ),
        "None"
    );
    setup.londiste(&["target.ini", "wait-sync"]).expect_failure(1, &["public.late", "handler=part"]);
    assert_eq!(pair.target.value("select count(*) from late"), "1");
    set_attributes(&pair, "late", "null");
    setup.londiste(&["target.ini", "resume-table", "late"]).expect_success();
    setup.wait_ok(SETTLE);
    compare::assert_equal(&pair);

    // an event that nobody knows, and its remedy
    pair.source.execute(
        "select pgq.insert_event('migq', 'app.event', 'x', 'whatever', null, null, null); \
         insert into plain values (3, 'z')",
    );
    let error = wait_for(SETTLE, "the batch stops", || {
        let error =
            pair.target.value("select coalesce(cur_error, '') from pgq_node.get_worker_state('migq')");
        if error.contains("app.event") { Ok(error) } else { Err(setup.logs()) }
    });
    assert!(error.contains("whatever") && error.contains("node \"primary\""), "{error}");
    assert_eq!(pair.target.value("select count(*) from plain"), "2");
    let remedy = &error[error.find("delete from").expect("a remedy")..];
    pair.source.execute(remedy);
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select count(*) from plain"), "3");

    // scripts
    let script = |name: &str| {
        let path = setup.directory().join(format!("{name}.sql"));
        std::fs::write(&path, format!("create table {name} (id int primary key)")).unwrap();
        setup.londiste(&["source.ini", "execute", path.to_str().unwrap()]).expect_success();
        setup.wait_caught_up(SETTLE);
        pair.target.value(&format!("select to_regclass('{name}') is not null"))
    };
    setup.stop_daemon("target");
    setup.set("target.ini", "local_only", "1");
    setup.start_daemon("target");
    assert_eq!(script("first_one"), "t");
    setup.stop_daemon("target");
    setup.set("target.ini", "local_only_drop_execute", "1");
    setup.start_daemon("target");
    assert_eq!(script("second_one"), "f");

    // what the stock triggers capture is told on the root where it is not there any more
    pair.source.execute("alter table late rename to later");
    wait_for(SETTLE, "the root tells", || {
        let said = setup.londiste(&["source.ini", "tables"]).expect_success().stdout.clone();
        if said.contains("the table was renamed to public.later") { Ok(()) } else { Err(said) }
    });

    // a node
    setup.stop_daemon("target");
    pair.target.execute("update pgq_node.node_info set combined_queue = 'migq' where queue_name = 'migq'");
    let refused = setup.londiste(&["-d", "target.ini", "worker"]);
    assert_ne!(refused.code, 0, "{}", refused.report());
    assert!(refused.report().contains("merges no queues"), "{}", refused.report());
}

/// Two queues whose tables are one here: a copy would take away what the other queue has brought.
#[test]
fn a_table_that_another_queue_writes_to_is_not_copied() {
    let pair = Pair::start();
    for table in ["plain", "shared"] {
        pair.both(&format!("create table {table} (id int primary key, v text)"));
        pair.source.execute(&format!("insert into {table} values (1, 'x')"));
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    pair.target.execute(
        "select pgq_node.register_location('other', 'here', 'x', false);
         select pgq_node.register_location('other', 'there', 'x', false);
         select pgq_node.create_node('other', 'leaf', 'here', 'other_worker', 'there', 1, null);
         insert into londiste.table_info (queue_name, table_name, local, merge_state, dest_table)
             values ('other', 'app.shared', true, 'ok', 'public.shared');
         insert into shared values (77, 'of the other queue')",
    );
    setup.add_all();
    wait_parked(&setup, "public.shared");
    wait_for(SETTLE, "the other table is copied", || {
        match pair.target.value(
            "select coalesce(merge_state, '') from londiste.table_info where table_name = 'public.plain'",
        ) {
            state if state == "ok" => Ok(()),
            state => Err(format!("{state}\n{}", setup.logs())),
        }
    });
    assert_eq!(pair.target.value("select string_agg(id::text, ' ') from shared"), "77");
    let said = setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    assert!(
        said.contains("queue other brings rows into the same table") && said.contains("--dest-table"),
        "{said}"
    );
    // the other queue gives it up
    pair.target.execute("delete from londiste.table_info where queue_name = 'other'");
    setup.londiste(&["target.ini", "resume-table", "shared"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
