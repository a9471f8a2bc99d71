//! A worker that was away: what has come meanwhile is read in portions, and is right whatever was open across ticks.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const ROUNDS: i32 = 12;

#[test]
fn a_backlog_of_many_ticks_with_transactions_open_across_them_arrives() {
    let pair = Pair::start_with(&[("log_statement", "all")]);
    pair.both(
        "create table item (id int primary key, v int not null, note text); create table log (n bigint, note text)",
    );
    pair.source.execute("insert into item select i, 0, 'old' from generate_series(1, 2000) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.stop_daemon("target");
    let mut long = pair.source.connect();
    let mut other = pair.source.connect();
    for round in 1..=ROUNDS {
        // what it writes first comes with a later tick, and so in a later portion, than what others write behind it
        let mut open = long.transaction().expect("a transaction begins");
        let update = format!("update item set v = {round}, note = 'long' where id % 10 = 0");
        open.batch_execute(&update).expect("rows are updated");
        for part in 0..3 {
            let sql = format!(
                "begin; update item set v = v + 1 where id % 10 = {part} + 1;
                 insert into log select i, 'round {round}' from generate_series(1, 1200) i;
                 delete from item where id = {round} * 100 + {part} + 5;
                 insert into item values ({round} * 100 + {part} + 5, {round}, 'again'); commit;
                 select londiste_rs.tick_now('migq')"
            );
            other.batch_execute(&sql).expect("rows are written");
        }
        open.batch_execute("insert into log values (0, 'of the long one')").expect("a row is written");
        open.commit().expect("it ends");
        let after = format!("update item set note = 'after {round}' where id % 20 = 0");
        other.batch_execute(&after).expect("rows are updated");
        other.batch_execute("select londiste_rs.tick_now('migq')").expect("a tick is made");
    }
    setup.start_daemon("target");
    setup.wait_caught_up(Duration::from_secs(120));
    compare::assert_equal(&pair);
    let in_portions =
        |line: &&str| line.contains("target_app provider") && line.contains("order by ev_id) union all (");
    assert!(
        pair.source.cluster.log().lines().any(|line| in_portions(&line)),
        "the backlog is read in portions"
    );
    assert_eq!(pair.target.number("select count(*) from log where n = 0"), i64::from(ROUNDS));
}
