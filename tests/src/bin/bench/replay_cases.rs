//! The kinds of changes that are replayed.
use tests::Pair;
use tests::load::pgbench;

use crate::replay::{Case, play, play_formats};

pub(crate) fn pgbench(pair: &Pair) -> String {
    play(&pgbench_case("replay: 200 000 changes of 50 000 pgbench transactions"), pair)
}

pub(crate) fn formats(pair: &Pair) -> String {
    play_formats(&pgbench_case("replay-formats: the same changes, captured in each of the formats"), pair)
}

fn pgbench_case(title: &str) -> Case {
    Case {
        title: title.to_owned(),
        changes: 200_000.0,
        prepare: Box::new(|pair| {
            pgbench::create(pair, 10);
            // a key, which the stock tools need
            pair.both("alter table pgbench_history add hid bigserial primary key");
        }),
        empty: false,
        write: Box::new(|pair| pgbench::transactions(&pair.source, 4, 12_500)),
        arrived: "select count(*) = 50000 from pgbench_history".to_owned(),
    }
}

/// A narrow table; `rows` of them are there before.
fn narrow(pair: &Pair, rows: u32) {
    pair.both("create table item (id int primary key, stock int not null, note text)");
    pair.source.execute(&format!(
        "insert into item select g, g, 'note of item ' || g from generate_series(1, {rows}) g"
    ));
}

/// Runs a statement for each ten thousand of the first 200 000 keys, in transactions of their own; `$` is the key
/// before the first.
fn by_ten_thousand(pair: &Pair, sql: &str) {
    let mut client = pair.source.connect();
    for from in (0..200_000).step_by(10_000) {
        client.batch_execute(&sql.replace('$', &from.to_string())).expect("the statement is right");
    }
}

pub(crate) fn inserts(pair: &Pair) -> String {
    let case = Case {
        title: "replay-insert: 200 000 rows inserted".to_owned(),
        changes: 200_000.0,
        prepare: Box::new(|pair| narrow(pair, 0)),
        empty: false,
        write: Box::new(|pair| {
            by_ten_thousand(
                pair,
                "insert into item select g, g, 'note of item ' || g from generate_series($ + 1, $ + 10000) g",
            )
        }),
        arrived: "select exists (select from item where id = 200000)".to_owned(),
    };
    play(&case, pair)
}

pub(crate) fn updates(pair: &Pair) -> String {
    let case = Case {
        title: "replay-update: each of 200 000 rows updated once, so that nothing is folded".to_owned(),
        changes: 200_000.0,
        prepare: Box::new(|pair| narrow(pair, 200_000)),
        empty: false,
        write: Box::new(|pair| {
            by_ten_thousand(pair, "update item set stock = -id where id > $ and id <= $ + 10000")
        }),
        arrived: "select stock < 0 from item where id = 200000".to_owned(),
    };
    play(&case, pair)
}

pub(crate) fn deletes(pair: &Pair) -> String {
    let case = Case {
        title: "replay-delete: 200 000 rows deleted".to_owned(),
        changes: 200_000.0,
        prepare: Box::new(|pair| narrow(pair, 200_001)),
        empty: false,
        write: Box::new(|pair| by_ten_thousand(pair, "delete from item where id > $ and id <= $ + 10000")),
        arrived: "select not exists (select from item where id <= 200000)".to_owned(),
    };
    play(&case, pair)
}

pub(crate) fn wide(pair: &Pair) -> String {
    let case = Case {
        title: "replay-wide: rows of 11 columns, 100 000 inserted and 100 000 others updated".to_owned(),
        changes: 200_000.0,
        prepare: Box::new(|pair| {
            pair.both(
                "create table sale (id bigint primary key, customer uuid, placed timestamptz, due date,
                    total numeric(12,2), paid boolean,
                    currency text, note text, tags text[], extra jsonb, weight float8)",
            );
            pair.source.execute(&sale(1, 100_000));
        }),
        empty: false,
        write: Box::new(|pair| {
            let mut client = pair.source.connect();
            for from in (0..100_000).step_by(10_000) {
                let insert = sale(from + 100_001, from + 110_000);
                client.batch_execute(&insert).expect("the insert is right");
                let update = format!(
                    "update sale set paid = true, total = total + 1 where id > {from} and id <= {from} + 10000"
                );
                client.batch_execute(&update).expect("the update is right");
            }
        }),
        arrived: "select coalesce((select paid from sale where id = 100000), false) \
                      and exists (select from sale where id = 200000)"
            .to_owned(),
    };
    play(&case, pair)
}

fn sale(from: u32, to: u32) -> String {
    format!(
        "insert into sale select g, md5(g::text)::uuid, timestamptz '2026-01-01' + g * interval '1 minute',
            date '2026-02-01' + g % 300, g * 1.01,
            false, 'EUR', 'note of sale ' || g, array['a', 'b' || g % 10],
            jsonb_build_object('source', 'web', 'items', g % 7), g / 3.0::float8
         from generate_series({from}, {to}) g"
    )
}

/// 100 000 rows inserted, and as many updates of them, over so many tables in turn.
pub(crate) fn tables(pair: &Pair, tables: u32) -> String {
    let rows = 100_000 / tables;
    let case = Case {
        title: format!(
            "replay-tables: {tables} tables in turn, 100 000 rows inserted and as many updates of them"
        ),
        changes: 200_000.0,
        prepare: Box::new(move |pair| {
            for table in 1..=tables {
                pair.both(&format!("create table part{table} (id int primary key, stock int, note text)"));
            }
        }),
        empty: true,
        write: Box::new(move |pair| {
            let mut client = pair.source.connect();
            for from in (0..100_000).step_by(1000) {
                // the n-th row of all tables before the next one of any
                let sql = format!(
                    "do $$ declare t int; id int; begin for n in {from} .. {from} + 999 loop
                        t := 1 + n % {tables}; id := 1 + n / {tables};
                        execute format('insert into part%s values (%s, 0, %L)', t, id, 'note of row ' || id);
                        execute format('update part%s set stock = 1 where id = %s', t, id);
                     end loop; end $$"
                );
                client.batch_execute(&sql).expect("the block is right");
            }
        }),
        arrived: format!("select exists (select from part{tables} where id = {rows} and stock = 1)"),
    };
    play(&case, pair)
}

pub(crate) fn large(pair: &Pair) -> String {
    let case = Case {
        title: "replay-large: 1 000 rows of 100 kB inserted, then updated".to_owned(),
        changes: 2_000.0,
        prepare: Box::new(|pair| {
            pair.both("create table document (id int primary key, version int, body text)");
            // compressible text would measure the compression
            pair.both("alter table document alter body set storage external");
        }),
        empty: false,
        write: Box::new(|pair| {
            let mut client = pair.source.connect();
            for from in (0..1000).step_by(50) {
                let sql = format!(
                    "insert into document
                     select g, 1, (select string_agg(md5(g::text || h::text), '') from generate_series(1, 3200) h)
                       from generate_series({from} + 1, {from} + 50) g;
                     update document set version = 2 where id > {from}"
                );
                client.batch_execute(&sql).expect("the statements are right");
            }
        }),
        arrived: "select exists (select from document where id = 1000 and version = 2)".to_owned(),
    };
    play(&case, pair)
}
