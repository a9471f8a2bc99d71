//! Queues and tables with quotes, dots, blanks, capitals, format letters and as many bytes as a name can have.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(60);

/// Schema and name, as SQL identifiers.
const TABLES: [(&str, &str); 6] = [
    ("public", r#""Quo""te's.%s $body$ $f$ \n T""#),
    ("\"a.b\"", "c"),
    ("\"a.b\"", "\"c.d\""),
    ("\"x.y.z\"", "\". .\""),
    ("\"Sch ema\"", "\"sixty-three bytes: 0123456789012345678901234567890123456.žluť\""),
    ("\"sixty-three-bytes.0123456789012345678901234567890123456789-ABCD\"", "t"),
];

fn plain(part: &str) -> String {
    part.strip_prefix('"')
        .and_then(|part| part.strip_suffix('"'))
        .map_or_else(|| part.to_owned(), |part| part.replace("\"\"", "\""))
}

/// Adds, copies, replays and removes all of the tables through a queue of that name.
#[track_caller]
fn round_trip(queue: &str) {
    let pair = Pair::start();
    // "a"."b.c" would be the same name for the stock API as "a.b"."c": that the schema is there must not be in the way
    pair.both("create schema a; create table a.other (id int primary key)");
    for (schema, name) in TABLES {
        pair.both(&format!(
            "create schema if not exists {schema}; \
             create table {schema}.{name} (\"I.d \" int primary key, \"v%L\"\"\" text)"
        ));
        pair.source.execute(&format!(
            "insert into {schema}.{name} select i, 'v' || i from generate_series(1, 20) i"
        ));
    }
    let triggers = "select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid
                     join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pgq|londiste)'";
    let setup = Setup::new(&pair);
    for ini in ["source.ini", "target.ini"] {
        setup.set(ini, "queue_name", queue);
    }
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "--all"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_eq!(setup.table_states().len(), TABLES.len() + 1);
    compare::assert_equal(&pair);
    // captured: a statement trigger for each operation and for truncate; guarded: a row trigger and one for truncate
    for (side, each) in [(&pair.source, 4), (&pair.target, 2)] {
        assert_eq!(side.number(triggers), each * (TABLES.len() as i64 + 1));
    }

    for (number, (schema, name)) in TABLES.iter().enumerate() {
        let table = format!("{schema}.{name}");
        pair.source.execute(&format!(
            "update {table} set \"v%L\"\"\" = 'new' where \"I.d \" < 5; delete from {table} where \"I.d \" > 15;
             insert into {table} values (100, '%s''\\')"
        ));
        if number % 2 == 0 {
            pair.source.execute(&format!("truncate {table}; insert into {table} values (7, null)"));
        }
        assert!(pair.target.try_rows(&format!("delete from {table}")).is_err(), "{table} is guarded");
    }
    setup.wait_caught_up(SETTLE);
    let equal = compare::assert_equal(&pair);
    assert_eq!(equal.rows, 3 + 3 * 16);

    for ini in ["target.ini", "source.ini"] {
        for (schema, name) in TABLES {
            let table = format!("{}.{}", plain(schema), plain(name));
            setup.londiste(&[ini, "remove-table", &table]).expect_success();
        }
        setup.londiste(&[ini, "remove-table", "a.other"]).expect_success();
    }
    for side in [&pair.source, &pair.target] {
        assert_eq!(side.number(triggers), 0);
    }
}

#[test]
fn a_queue_with_quotes_dots_and_blanks() {
    round_trip("It's \"a.b\" 100%s $body$ Q");
}

#[test]
fn a_queue_whose_name_is_too_long_for_a_trigger() {
    round_trip("Sixty-three's \"bytes\".0123456789 0123456789 0123456789 01 $f$ Q");
}

#[test]
fn a_table_of_as_many_columns_as_a_row_has_room_for() {
    let pair = Pair::start();
    let columns: Vec<String> =
        (1..1500).map(|n| format!("\"a column with a long name, number {n}\" int")).collect();
    pair.both(&format!("create table wide (id int primary key, {})", columns.join(", ")));
    pair.source.execute("insert into wide select i from generate_series(1, 20) i");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(SETTLE);
    pair.source.execute(
        "update wide set \"a column with a long name, number 1499\" = id where id < 5;
         update wide set id = 100 where id = 7;
         delete from wide where id = 9; insert into wide (id, \"a column with a long name, number 700\") values (9, 9)",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 20);
}
