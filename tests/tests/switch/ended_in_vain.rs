//! Ends that are refused before anything changes, or that cannot be whole.

use tests::Setup;

use crate::house_of_all_kinds::House;

fn nodes(setup: &Setup) -> i64 {
    let nodes = "select count(*) from pgq_node.node_info";
    setup.source.number(nodes) + setup.target.number(nodes)
}

#[test]
fn it_is_refused_while_workers_are_at_work_and_before_a_switch() {
    let house = House::replicated();
    let setup = &house.setup;
    setup
        .londiste(&["target.ini", "complete"])
        .expect_failure(1, &["has not been made", "switchover", "--abandon"]);
    setup.londiste(&["source.ini", "complete"]).expect_failure(1, &["no switch has made it"]);
    let words =
        ["target_app worker on node subscriber", "londiste -s INI", "londisted -s", "Nothing has changed"];
    setup.londiste(&["target.ini", "complete", "--abandon"]).expect_failure(1, &words);
    house.switch();
    setup
        .londiste(&["source.ini", "complete"])
        .expect_failure(1, &["give the ini file of the new root, subscriber"]);
    setup.londiste(&["target.ini", "complete"]).expect_failure(1, &["source_app", "target_app"]);
    assert_eq!(nodes(setup), 2);
    // a second one, or a switch, is told who works
    let lock = "select pg_try_advisory_lock(hashtext('londiste_rs.switch'), hashtext('migq'))";
    house.stop();
    let mut other = house.pair.source.connect();
    other.batch_execute(lock).expect("the lock");
    setup
        .londiste(&["target.ini", "complete"])
        .expect_failure(1, &["another switch of queue migq is at work: tests"]);
    drop(other);
    house.is_as_before(&setup.londiste(&["target.ini", "complete"]));
}

#[test]
fn where_one_side_is_gone_the_other_is_cleaned_on_request() {
    let house = House::replicated();
    house.stop();
    house.pair.source.cluster.stop(tests::Shutdown::Fast);
    let words = ["node primary cannot be reached", "--only-this-side", "Nothing has changed"];
    house.setup.londiste(&["target.ini", "complete", "--abandon"]).expect_failure(1, &words);
    assert_eq!(house.pair.target.number("select count(*) from pgq_node.node_info"), 1);
    let one = house.setup.londiste(&["target.ini", "complete", "--abandon", "--only-this-side"]);
    let one = one.expect_success();
    assert!(one.stdout.contains("nothing is left") && one.stdout.contains("was not looked at"), "{one:?}");
    house.pair.source.cluster.start_again();
    let other = house.setup.londiste(&["source.ini", "complete", "--abandon", "--only-this-side"]);
    other.expect_success();
    house.setup.set("target.ini", "initial_provider_location", &house.setup.source.connstr());
    house.is_as_before(&house.setup.londiste(&["target.ini", "complete"]));
}

/// What replication had taken away, and what the rows keep from coming back.
#[cfg(debug_assertions)]
#[test]
fn what_cannot_come_back_is_named_with_its_statement() {
    let house = House::of(|pair| Setup::in_chunks(pair, 40, "0"));
    let (setup, target) = (&house.setup, &house.pair.target);
    for step in tests::guide::drop_foreign_keys(setup) {
        step.run(setup).expect_success();
    }
    house.copies_until("index-before-commit");
    house.stop();
    // keys are away: rows of the target may be anything
    target.execute("alter table child disable trigger user; alter table heap disable trigger user");
    target.execute(
        "insert into heap select * from heap where id = 7; \
         insert into child (id, parent) values (90001, 90001)",
    );
    let output = setup.londiste(&["target.ini", "complete", "--abandon"]);
    let words = [
        "foreign key own_name of public.child is not as it was: alter table public.child validate constraint own_name",
        "index heap_pkey of public.heap is not as it was: CREATE UNIQUE INDEX heap_pkey ON public.heap",
        "index pads of public.heap is not as it was",
    ];
    output.expect_failure(1, &words);
    assert_eq!(output.stdout.matches("nothing is left").count(), 2, "{}", output.report());
    target.execute("alter table child enable trigger user; alter table heap enable trigger user");
    // the statements make it what it was
    target.execute(
        "delete from child where id = 90001; \
         delete from heap where id = 7 and ctid <> (select min(ctid) from heap where id = 7)",
    );
    for line in output.stderr.lines() {
        if let Some((_, statement)) = line.split_once(" is not as it was: ") {
            target.execute(statement);
        }
    }
    house.catalogs_are_as_before("by the statements");
    house.takes_writes();
}
