//! A root that stock triggers capture: it refuses changes, follows the new root, and comes back as it was.

use tests::{Pair, Setup, compare, wait_until};

use crate::scene::SETTLE;

const CHANGES: &[&str] = &[
    "insert into t values (NUMBER, 'new', 1.5)",
    "update t set v = v || '!' where id < 20",
    "delete from t where id = 30 + NUMBER % 10",
    "begin; insert into t values (-NUMBER, 'a', 1); update t set v = 'b' where id = -NUMBER; commit",
    "truncate other; insert into other values (NUMBER)",
];

#[test]
fn a_root_of_stock_triggers_moves_there_and_back() {
    let pair = Pair::start();
    pair.both(
        "create table t (id int primary key, v text, n numeric); create table other (id int primary key)",
    );
    pair.source.execute("insert into t select i, 'row ' || i, i / 3.0 from generate_series(1, 100) i");
    let setup = Setup::new(&pair);
    setup.set("source.ini", "capture", "stock");
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        setup.londiste(&[ini, "add-table", "--all"]).expect_success();
    }
    setup.wait_ok(SETTLE);
    setup.londiste(&["target.ini", "compare"]).expect_success();
    let triggers = "select tgname, proname from pg_trigger t join pg_proc p on p.oid = tgfoid \
                     where not tgisinternal order by 1, 2, tgrelid::regclass::text";
    let before = pair.source.rows(triggers);
    let sides = [(&pair.source, &pair.target), (&pair.target, &pair.source)];
    for (round, (root, other)) in sides.into_iter().cycle().take(3).enumerate() {
        for sql in CHANGES {
            root.execute(&sql.replace("NUMBER", &(2000 + round).to_string()));
        }
        let same = || compare::databases(pair.source.app(), pair.target.app()).is_ok();
        wait_until(SETTLE, "both sides are equal", same);
        for sql in
            ["insert into t values (99999, 'no', 1)", "update t set v = 'no'", "delete from t", "truncate t"]
        {
            let error = other.connect().batch_execute(sql).expect_err(sql);
            let error = error.as_db_error().expect("a server's error").clone();
            // before the first switch the leaf has the guard that add-table made
            assert_eq!(error.code().code(), "25006", "round {round}: {sql}: {error:?}");
            assert!(error.message().contains("takes no changes on node"), "{error:?}");
            assert!(error.hint().is_some(), "{error:?}");
        }
        let ini = if round % 2 == 0 { "target.ini" } else { "source.ini" };
        setup.londiste(&[ini, "switchover"]).expect_success();
    }
    setup.londiste(&["source.ini", "switchover"]).expect_success();
    assert_eq!(pair.source.rows(triggers), before, "its triggers are those of add-table");
    compare::assert_equal(&pair);
}
