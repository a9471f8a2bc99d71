//! Columns that the target lacks: their table is held before a value is lost, and nothing is lost when they come.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

fn parked(setup: &Setup) -> String {
    setup.target.value(
        "select coalesce(string_agg(replace(table_name, 'public.', ''), \
                                    ',' order by table_name), '') \
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

fn said(setup: &Setup, command: &str) -> String {
    setup.londiste(&["target.ini", command]).expect_success().stdout.clone()
}

const TABLES: [&str; 8] = ["plain", "filled", "drift", "late", "renamed", "gone", "parts", "stock"];

#[test]
fn a_table_is_held_before_a_value_is_lost() {
    let pair = Pair::start();
    for table in TABLES {
        let part = if table == "parts" { " partition by hash (id)" } else { "" };
        pair.both(&format!("create table {table} (id int primary key, v text){part}"));
    }
    pair.both(
        "create table part0 partition of parts for values with (modulus 1, remainder 0); \
         create table other (id int primary key)",
    );
    for table in TABLES {
        pair.source.execute(&format!("insert into {table} select i, 'v' from generate_series(1, 5) i"));
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "stock", "--trigger-arg=backup"]).expect_success();
    setup.add_all();
    setup.wait_ok(SETTLE);

    // no value of their own yet: all of them go on
    pair.source.execute(
        "alter table plain add n int; alter table filled add n int default 7;
         alter table parts add n numeric(9,2) default 1.50;
         alter table stock add ok boolean default true; alter table gone add tmp int;
         insert into plain values (10, 'a', null); update plain set v = 'b' where id = 1;
         insert into filled values (10, 'a'); update filled set v = 'b' where id = 2;
         insert into parts values (10, 'a'); insert into stock values (10, 'a');
         update stock set v = 'b' where id = 3; insert into gone values (10, 'a')",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "");
    // the first one
    pair.source.execute(
        "update plain set n = 5 where id = 2; insert into plain values (11, 'b', 6);
         update filled set n = null where id = 3; update filled set v = 'c' where id = 4;
         update parts set n = 1.51 where id = 3; insert into stock values (11, 'x', false);
         update stock set v = 'y' where id = 11;
         update gone set tmp = 1 where id = 1; alter table gone drop tmp;
         alter table drift add n int default 1; alter table drift alter n set default 2;
         insert into drift values (10, 'a');
         alter table late add at timestamptz default clock_timestamp(); insert into late values (10, 'a');
         alter table renamed rename v to w; update renamed set w = null where id = 2; insert into other values (1)",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "drift,filled,gone,late,parts,plain,renamed,stock");
    assert_eq!(pair.target.value("select count(*) from other"), "1", "the others go on");
    let told = said(&setup, "tables");
    for part in [
        "alter table public.plain add column n integer, then resume-table",
        "alter table public.filled add column n integer default 7, then resume-table",
        "alter table public.parts add column n numeric(9,2) default 1.50, then resume-table",
        "alter table public.stock add column ok boolean default true, then resume-table",
        "add column at timestamp with time zone default clock_timestamp(), then resync the table",
        "alter table public.renamed rename column v to \"w\", then resume-table",
        "add column n integer default '1', alter column \"n\" set default 2, then resume-table",
        "add-table with --skip-columns=n",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // not mended, it is held again
    setup.londiste(&["target.ini", "resume-table", "plain"]).expect_success();
    wait_parked(&setup, "drift,filled,gone,late,parts,plain,renamed,stock");
    pair.target.execute(
        "alter table plain add n int; alter table filled add n int default 7;
         alter table parts add n numeric(9,2) default 1.50;
         alter table stock add ok boolean default true;
         alter table drift add column n integer default '1', alter column n set default 2;
         alter table late add at timestamptz;
         alter table renamed rename v to w",
    );
    setup.londiste(&["target.ini", "resync", "late", "gone"]).expect_success();
    setup
        .londiste(&["target.ini", "resume-table", "drift", "filled", "parts", "plain", "renamed", "stock"])
        .expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("insert into plain values (12, 'c', 7); update renamed set w = 'z' where id = 3");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);

    skipped_on_purpose(&pair, &setup);
}

fn skipped_on_purpose(pair: &Pair, setup: &Setup) {
    pair.source.execute(
        "create table less (id int primary key, v text, secret text, more int); \
         insert into less select i, 'v', 's', i from generate_series(1, 5) i",
    );
    pair.target.execute("create table less (id int primary key, v text)");
    setup.londiste(&["source.ini", "add-table", "less"]).expect_success();
    setup
        .londiste(&["target.ini", "add-table", "less"])
        .expect_failure(1, &["lacks columns", "secret text, more integer", "--skip-columns=secret,more"]);
    for (columns, problem) in [
        ("secret", "more integer"),
        ("secret,more,none", "no column none"),
        ("v", "has column v"),
        ("id", "has column id"),
    ] {
        let option = format!("--skip-columns={columns}");
        setup.londiste(&["target.ini", "add-table", "less", &option]).expect_failure(1, &[problem]);
    }
    setup.londiste(&["target.ini", "add-table", "less", "--skip-columns=secret,more"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute(
        "insert into less values (6, 'w', 't', 6); \
         update less set secret = 'u', v = 'x' where id = 1; delete from less where id = 2",
    );
    setup.wait_caught_up(SETTLE);
    let rows = "select string_agg(id || v, ',' order by id) from less";
    assert_eq!(pair.target.value(rows), pair.source.value(rows));
    for command in ["tables", "status"] {
        let told = said(setup, command);
        assert!(
            told.contains("public.less: columns of the source that are skipped here: more, secret"),
            "{told}"
        );
    }
    // a column more on the source is none of those
    pair.source.execute("alter table less add third int; insert into less values (7, 'w', 't', 6, 1)");
    wait_parked(setup, "less");
    setup.londiste(&["target.ini", "add-table", "less", "--skip-columns=secret,more,third"]).expect_success();
    setup.londiste(&["target.ini", "resume-table", "less"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("insert into less values (8, 'w', 't', 6, 1)");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value(rows), pair.source.value(rows));
    // a copy is held too
    setup
        .londiste(&["target.ini", "add-table", "less", "--skip-columns=secret,more"])
        .expect_failure(1, &["third integer"]);
    pair.target.execute("delete from londiste_rs.skipped_column where column_name = 'third'");
    setup.londiste(&["target.ini", "resync", "less"]).expect_success();
    wait_parked(setup, "less");
    let told = said(setup, "tables");
    assert!(
        told.contains("lacks: third integer") && told.contains("--skip-columns=more,secret,third"),
        "{told}"
    );
    pair.target.execute("alter table less add third int, add more int");
    setup.londiste(&["target.ini", "resume-table", "less"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_eq!(
        pair.target.value("select sum(third + more) from less"),
        pair.source.value("select sum(third + more) from less")
    );
    assert!(said(setup, "tables").contains("more exists here now"));
    // told to leave all of them out
    setup.set("target.ini", "missing_columns", "skip");
    setup.londiste(&["target.ini", "add-table", "less", "--skip-columns="]).expect_success();
    setup.londiste(&["-r", "target.ini"]).expect_success();
    pair.source.execute("insert into less values (9, 'w', 't', 6, 1)");
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(setup), "");
    assert_eq!(pair.target.value(rows), pair.source.value(rows));
}
