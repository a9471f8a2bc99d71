//! A table on the target that is exchanged while its copy has brought nothing yet.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

/// Copies wait for their window, so none has brought a row when the tables are exchanged.
#[test]
fn a_target_table_that_is_exchanged_before_its_copy_begins_is_filled_as_it_is() {
    let pair = Pair::start();
    pair.both("create table dropped (id int primary key, v text); create table renamed (id int primary key, v text)");
    pair.source.execute(
        "insert into dropped select i, 'v' from generate_series(1, 100) i; \
         insert into renamed select i, 'v' from generate_series(1, 100) i",
    );
    let setup = Setup::new(&pair);
    let hour =
        pair.source.number("select extract(hour from now() at time zone 'UTC' + interval '12 hours')::int");
    setup.set("target.ini", "copy_window", &format!("{hour:02}:00-{hour:02}:01 UTC"));
    setup.start_nodes();
    setup.add_all();
    wait_for(SETTLE, "copies have begun, and wait", || {
        match pair.target.number("select count(*) from londiste.table_info where merge_state = 'in-copy'") {
            2 => Ok(()),
            _ => Err(setup.logs()),
        }
    });
    pair.target.psql(
        "drop table dropped; create table dropped (id int primary key, v text);
         alter table renamed rename to renamed_old; create table renamed (id int primary key, v text)",
    );
    // as the worker does each 5 seconds
    pair.target.execute("select londiste_rs.compare_here('migq')");
    setup.set("target.ini", "copy_window", "");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("update dropped set v = 'w'; update renamed set v = 'w'");
    setup.wait_caught_up(SETTLE);
    assert_eq!(setup.target.number("select count(*) from londiste_rs.parked_tables('migq')"), 0);
    pair.target.execute("drop table renamed_old");
    compare::assert_equal(&pair);
}
