//! Indexes and constraints are what they were, whatever happens between dropping and rebuilding them.
use std::time::Duration;

use tests::definitions::{assert_same, definitions};
use tests::{Pair, Setup, compare, wait_until};

use super::{PAGES, ROWS, SETTLE, wait_told};

/// Every kind of index that a partitioned table and its partitions can have, under names that are nobody's rule.
fn odd_target(pair: &Pair) {
    let space = pair.target.cluster.directory().join("space");
    std::fs::create_dir(&space).expect("a directory");
    tests::installation::give_to_server_user(&space);
    let admin = pair.target.admin();
    admin.execute(&format!("create tablespace elsewhere location '{}'", space.display()));
    admin.execute(&format!("grant create on tablespace elsewhere to {}", pair.target.user));
    let columns = "(id int not null, at int not null, a text not null, b int, r int4range, \
                   c text collate \"C\" not null)";
    pair.both("create schema \"Odd schema\"");
    pair.both(&format!(
        r#"create table t {columns} partition by range (at);
           create table "Odd schema".low partition of t for values from (0) to (100);
           create table low (like t);
           create table "Odd schema"."Mid ON ONLY dle" partition of t for values from (100) to (200)
               partition by list (at);
           create table "odd ""one""" partition of "Odd schema"."Mid ON ONLY dle" default;
           create table rest partition of t default;
           drop table low;
           alter table t add constraint "the key" primary key (id, at) include (b) with (fillfactor = 70)"#
    ));
    let distinct = if pair.target.cluster.major() >= 15 { "nulls not distinct" } else { "" };
    pair.target.execute(&format!(
        r#"alter table t add constraint "late one" unique {distinct} (at, id, c) deferrable initially deferred;
           create index "Odd ON ONLY Index" on t (lower(a) desc nulls last, c text_pattern_ops, (b + 1)) where b > 1;
           alter index "Odd ON ONLY Index" alter column 1 set statistics 77;
           create index spaced on t using hash (a) tablespace elsewhere;
           create unique index identity on t (at, id) with (fillfactor = 60);
           alter table t replica identity using index identity;
           create unique index low_identity on "Odd schema".low (id, a) tablespace elsewhere;
           alter table "Odd schema".low replica identity using index low_identity;
           -- two of the same kind, of which one belongs to the table above
           create index twin on rest (a, b); create index on t (a, b); create index other_twin on rest (a, b);
           alter table rest add constraint apart exclude using gist (r with &&) deferrable;
           alter table "odd ""one""" add constraint "its own" unique (a, b, id) deferrable;
           alter index "odd ""one""_at_id_idx" rename to "its ""part""";
           alter index "Odd schema".low_pkey rename to low_key;
           alter index "Odd schema".low_lower_c_expr_idx alter column 3 set statistics 5;
           alter table rest cluster on twin;
           create table in_between (like t); drop table in_between;
           comment on index "Odd ON ONLY Index" is 'an odd one';
           comment on index "its ""part""" is 'a part of it';
           comment on constraint low_key on "Odd schema".low is 'it''s low';
           comment on constraint "late one" on t is 'it''s late'"#
    ));
    // an index under the same name in another schema
    pair.target.execute("alter index \"Odd schema\".\"low_a_b_idx\" rename to rest_a_idx");
    pair.source.execute(
        "insert into t select i, i % 300, 'a' || i, i, int4range(i, i + 1), 'c' || i from generate_series(1, 20000) i",
    );
}

#[test]
fn definitions_come_back_as_they_were_whenever_the_copy_is_killed() {
    let pair = Pair::start();
    odd_target(&pair);
    let before = definitions(&pair.target);
    assert!(before.len() > 45, "{}", before.len());
    let setup = Setup::new(&pair);
    setup.set("target.ini", "copy_chunk_pages", "20");
    setup.start_nodes();
    setup.add_all();
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(fastrand::u64(100..900)));
        setup.target_worker().kill();
        setup.start_daemon("target");
    }
    setup.wait_ok(SETTLE);
    assert_same(&definitions(&pair.target), &before);
    assert_eq!(compare::assert_equal(&pair).rows, 20_000);
    // a copy that is broken off for good gives back what can be given back
    setup.set("target.ini", "copy_rate_limit", "100kB");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.londiste(&["target.ini", "resync", "t"]).expect_success();
    if pair.has_chunks() {
        wait_until(SETTLE, "the indexes are away", || {
            pair.target.number("select count(*) from londiste_rs.copy_index") > 20
        });
        // so does the stock worker, by what it finds in its place
        let ddl =
            pair.target.value("select dropped_ddl from londiste.table_info where dropped_ddl is not null");
        let mut target = pair.target.connect();
        target.batch_execute(&format!("begin; truncate t; {ddl}")).expect("what was dropped comes back");
        let sql = "select count(*) from pg_index \
                    where indisvalid and indrelid in (select relid from pg_partition_tree('t'))";
        let there: i64 = target.query_one(sql, &[]).expect("a count").get(0);
        let constraints =
            before.iter().filter(|row| row[1].as_ref().is_some_and(|d| !d.starts_with("CREATE"))).count();
        assert_eq!(there as usize, before.len() - constraints);
        target.batch_execute("rollback").expect("rolled back");
    }
    setup.londiste(&["target.ini", "remove-table", "t"]).expect_success();
    assert_same(&definitions(&pair.target), &before);
}

/// Between dropping, building, putting together and committing.
#[cfg(debug_assertions)]
#[test]
fn definitions_come_back_whatever_was_the_last_thing_that_was_committed() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    odd_target(&pair);
    let before = definitions(&pair.target);
    let setup = Setup::new(&pair);
    setup.set("target.ini", "copy_chunk_pages", "60");
    setup.replicate();
    setup.stop_daemon("target");
    setup.londiste(&["target.ini", "resync", "t"]).expect_success();
    for point in [
        "chunks-before-begin",
        "chunks-begun",
        "chunk-after-commit:2",
        "reconcile-after-commit",
        "index-before-commit:1",
        "index-before-commit:6",
        "copy-end-before-commit",
        "copy-end-after-commit",
    ] {
        let environment = [("LONDISTE_FAIL_POINT", point)];
        let mut process = setup.foreground_in("londiste", &["target.ini", "worker"], point, &environment);
        assert_eq!(process.wait(SETTLE), -1, "it ended at {point} in another way\n{}", setup.logs());
    }
    assert_same(&definitions(&pair.target), &before);
    setup.start_daemon("target");
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 20_000);
    assert_same(&definitions(&pair.target), &before);
}

/// PostgreSQL makes them since version 17, but does not attach them.
#[test]
fn exclusion_constraints_of_partitioned_tables_stay() {
    let pair = Pair::start();
    if pair.target.cluster.major() < 17 {
        eprintln!("partitioned tables have no exclusion constraints before version 17: nothing to test");
        return;
    }
    pair.both(
        "create table p (id int, r int4range, v text, primary key (id, r)) partition by range (r);
         create table p_low partition of p for values from ('[0,1)') to ('[10000,10001)');
         create table p_rest partition of p default; create index p_v on p (v)",
    );
    pair.target.execute(
        "alter table p add constraint apart exclude using gist (r with =, int4range(id, id + 1) with &&);
         alter table p_low add constraint low_apart exclude using gist (r with &&)",
    );
    pair.source.execute(&format!(
        "insert into p select i, int4range(i, i + 1), repeat('v', 80) from generate_series(1, {ROWS}) i"
    ));
    let before = definitions(&pair.target);
    let setup = Setup::in_chunks(&pair, PAGES, "400kB");
    setup.add_all();
    wait_told(&setup, "under one snapshot: a unique index on the target has to stay");
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    assert_same(&definitions(&pair.target), &before);
    assert_eq!(compare::assert_equal(&pair).rows, u64::from(ROWS));
    // by itself a partition's own comes back like any other
    pair.target.execute("alter table p drop constraint apart");
    let before = definitions(&pair.target);
    setup.londiste(&["target.ini", "resync", "p"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_same(&definitions(&pair.target), &before);
    assert_eq!(compare::assert_equal(&pair).rows, u64::from(ROWS));
    let log = setup.target_worker().log();
    assert!(log.contains("chunks="), "{log}");
}
