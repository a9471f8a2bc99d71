//! Copies by a role that may set `session_replication_role`: while rows are written no foreign key and no trigger of
//! our own tables works either.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(120);
const ROWS: u64 = 20_000;
const CHUNKS: &str = "select count(*) from londiste_rs.copy_chunk";

/// A table of so many rows that it goes in chunks, copied once.
fn copied(pair: &Pair) -> Option<Setup> {
    if !pair.has_chunks() || !pair.target.permit_silencing() {
        return None;
    }
    pair.both("create table item (id int primary key, pad text)");
    pair.source
        .execute(&format!("insert into item select i, repeat('x', 100) from generate_series(1, {ROWS}) i"));
    let setup = Setup::in_chunks(pair, 40, "0");
    setup.add_all();
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(pair).rows, ROWS);
    Some(setup)
}

#[test]
fn a_table_that_is_copied_once_more_has_its_rows() {
    let pair = Pair::start();
    let Some(setup) = copied(&pair) else { return };
    assert_eq!(pair.target.number(CHUNKS), 0, "chunks go with their copy");
    setup.londiste(&["target.ini", "resync", "item"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, ROWS);
    setup.londiste(&["target.ini", "remove-table", "item"]).expect_success();
    pair.target.execute("truncate item");
    setup.londiste(&["target.ini", "add-table", "item"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, ROWS);
}

/// Version 0.2 of before left chunks of copies that were over, and took them for those of the next one.
#[test]
fn chunks_that_an_older_version_has_left_are_none_of_the_next_copy() {
    let pair = Pair::start();
    let Some(setup) = copied(&pair) else { return };
    let leave = "set session_replication_role = replica;
                 insert into londiste_rs.copy_chunk
                        (queue_name, table_name, relation, first_page, end_page, snapshot, rows, bytes, seconds)
                 values ('migq', 'public.item', $$, 0, null, '1:1:', 20000, 1, 1)";
    let relation = pair.source.value("select 'item'::regclass::oid");
    pair.target.execute(&leave.replace("$$", &format!("'{relation}'")));
    setup.londiste(&["target.ini", "resync", "item"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, ROWS);
    pair.target.execute(&leave.replace("$$", "'1'"));
    pair.target.psql_file(&tests::repository().join("sql/londiste_rs/copy.sql"));
    assert_eq!(pair.target.number(CHUNKS), 0, "an upgrade removes them");
}
