//! A leaf that is dropped and created again, and errors that come too late to matter.
use std::thread;
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

fn create(pair: &Pair, setup: &Setup, name: &str) {
    let provider = format!("--provider={}", pair.source.connstr());
    setup.londiste(&["target.ini", "create-leaf", name, &pair.target.connstr(), &provider]).expect_success();
}

fn fill(pair: &Pair, setup: &Setup, id: i32) {
    setup.londiste(&["target.ini", "add-table", "--all"]).expect_success();
    pair.source.execute(&format!("insert into good values ({id}, 1)"));
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(pair);
    wait_for(SETTLE, "no error is left", || {
        match pair.target.value("select coalesce(cur_error, '') from pgq_node.get_worker_state('migq')") {
            none if none.is_empty() => Ok(()),
            error => Err(format!("{error}\n{}", setup.logs())),
        }
    });
}

#[test]
fn a_leaf_is_dropped_and_created_again_while_its_worker_runs() {
    let pair = Pair::start();
    pair.both("create table good (id int primary key, v int)");
    pair.source.execute("insert into good select i, i from generate_series(1, 50) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    // under the same name, while its worker runs
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    create(&pair, &setup, "subscriber");
    fill(&pair, &setup, 101);
    // the provider's word alone: the leaf is told of its own end, which is not its business
    pair.source.execute(
        "select pgq.insert_event('migq', 'pgq.unregister-location', node, 'migq', null, null, null) \
           from unnest(array['subscriber', 'primary']) node",
    );
    pair.source.execute("insert into good values (102, 1)");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select count(*) from pgq_node.node_location"), "2");
    // under another name, with the same job, and with what a copy of the earlier one has left
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    pair.source.execute("select pgq.register_consumer('migq', 'target_app.copy.public.nosuch')");
    create(&pair, &setup, "another");
    fill(&pair, &setup, 103);
    wait_for(Duration::from_secs(90), "old copies leave", || {
        let left = "select count(*) from pgq.get_consumer_info('migq') where consumer_name like '%.copy.%'";
        if pair.source.value(left) == "0" { Ok(()) } else { Err(setup.logs()) }
    });
    // interrupted in between: only the provider knows it
    setup.londiste(&["target.ini", "drop-node", "another"]).expect_success();
    pair.source.execute(&format!(
        "select * from pgq_node.register_location('migq', 'subscriber', '{}', false);
         select * from pgq_node.register_subscriber('migq', 'subscriber', 'target_app', null)",
        pair.target.connstr().replace('\'', "''")
    ));
    setup.londiste(&["source.ini", "drop-node", "subscriber"]).expect_success();
    create(&pair, &setup, "subscriber");
    fill(&pair, &setup, 104);

    // an error of a copy that comes while the hand-over commits, or after the table has left, is dropped
    setup.stop_daemon("target");
    let errors = "select count(*) from londiste_rs.table_error";
    for call in [
        "select londiste_rs.keep_copy_error('migq', 'public.good', 'too late')",
        "select londiste_rs.park_table('migq', 'public.good', 'too late', '23505', 1, 1)",
    ] {
        pair.target.execute("update londiste.table_info set merge_state = 'do-sync:1'");
        pair.target.execute(call);
        assert_eq!(pair.target.value(errors), "1");
        let mut client = pair.target.connect();
        let mut transaction = client.transaction().unwrap();
        transaction
            .batch_execute(
                "update londiste.table_info set merge_state = 'ok'; delete from londiste_rs.table_error",
            )
            .unwrap();
        thread::scope(|scope| {
            let late = scope.spawn(|| pair.target.execute(call));
            wait_for(SETTLE, "the error waits for the hand-over", || {
                let waits = "select count(*) from pg_stat_activity \
                              where wait_event_type = 'Lock' and datname = current_database()";
                if pair.target.value(waits) == "1" { Ok(()) } else { Err("it does not wait".to_owned()) }
            });
            transaction.commit().unwrap();
            late.join().unwrap();
        });
        assert_eq!(pair.target.value(errors), "0");
        pair.target.execute("update londiste.table_info set merge_state = null");
        pair.target.execute(call);
        pair.target.execute("update londiste.table_info set merge_state = 'ok'");
        assert_eq!(pair.target.value(errors), "0");
    }
    setup.londiste(&["target.ini", "remove-table", "good"]).expect_success();
    pair.target.execute("select londiste_rs.keep_copy_error('migq', 'public.good', 'too late')");
    assert_eq!(pair.target.value(errors), "0");
}
