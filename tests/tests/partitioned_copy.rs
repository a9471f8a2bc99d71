//! Copies of large tables into partitioned ones, out of partitioned ones, or both: in chunks as any other, and every index of every partition comes
//! back as it was.
//!
//! `CHUNKED_COPY_KILLS` (default 5) interruptions; more of them for a longer test.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::cluster::Shutdown;
use tests::{Database, Pair, Setup, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(180);
const ROWS: u32 = 20_000;

/// The four ways in which one side or both are partitioned.
const TABLES: [&str; 4] = ["same", "differently", "on_target", "on_source"];

const COLUMNS: &str = "(id int, at int, v text, n int default 0, twice int generated always as (n * 2) stored, primary key (id, at))";
const BY_RANGE: &str = "partition by range (at)";

/// Several levels, a schema of its own, a default partition.
fn partitions(table: &str) -> String {
    format!(
        "create table parts.{table}_low partition of {table} for values from (0) to (300);
         create table parts.{table}_mid partition of {table} for values from (300) to (600) partition by range (id);
         create table parts.{table}_mid_0 partition of parts.{table}_mid for values from (0) to (5000);
         create table parts.{table}_mid_rest partition of parts.{table}_mid default;
         create table {table}_rest partition of {table} default"
    )
}

fn create(pair: &Pair) {
    let (source, target) = (&pair.source, &pair.target);
    pair.both("create schema parts");
    pair.both(&format!("create table same {COLUMNS} {BY_RANGE}; {}", partitions("same")));
    source.execute(&format!("create table differently {COLUMNS} {BY_RANGE}; {}", partitions("differently")));
    target.execute(&format!("create table differently {COLUMNS} partition by hash (id)"));
    for n in 0..3 {
        target.execute(&format!(
            "create table differently_{n} partition of differently for values with (modulus 3, remainder {n})"
        ));
    }
    source.execute(&format!("create table on_target {COLUMNS}; create table on_source {COLUMNS} {BY_RANGE}"));
    target.execute(&format!("create table on_target {COLUMNS} {BY_RANGE}; create table on_source {COLUMNS}"));
    target.execute(&partitions("on_target"));
    source.execute(&partitions("on_source"));
    for table in TABLES {
        target.execute(&format!("create index on {table} (v, n desc) include (at) where n >= 0"));
        source.execute(&format!(
            "insert into {table} (id, at, v) select i, i % 1000, repeat('v', 80) from generate_series(1, {ROWS}) i"
        ));
    }
}

/// Ranges of pages can be read since PostgreSQL 14.
fn has_chunks(pair: &Pair) -> bool {
    let has = pair.source.cluster.major() >= 14;
    if !has {
        eprintln!("the source copies under one snapshot: nothing to test");
    }
    has
}

fn setup(pair: &Pair, rate: &str) -> Setup {
    let setup = Setup::new(pair);
    setup.set("target.ini", "parallel_copies", "2");
    setup.set("target.ini", "copy_chunk_pages", "30");
    setup.set("target.ini", "copy_chunk_seconds", "3");
    setup.set("target.ini", "copy_rate_limit", rate);
    setup.start_nodes();
    setup
}

fn go(setup: &Setup) {
    setup.set("target.ini", "copy_rate_limit", "0");
    setup.londiste(&["-r", "target.ini"]).expect_success();
}

/// Changes rows of all tables, and their partitions, until told to stop; goes on over lost connections.
fn write(source: &Database, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut client) = source.try_connect() else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        while !stop.load(Ordering::Relaxed) && change(&mut client).is_ok() {}
    }
}

fn change(client: &mut postgres::Client) -> Result<(), postgres::Error> {
    let (table, id) = (TABLES[fastrand::usize(0..TABLES.len())], fastrand::u32(1..=ROWS));
    let sql = match fastrand::u8(0..7) {
        // to another partition, and to one of a lower level
        0 => format!("update {table} set at = (at + 350) % 1000 where id = {id}"),
        1 => format!("update {table} set n = n + 1 where id between {id} and {id} + 3"),
        2 => format!("update {table} set v = v where id = {id}"),
        3 => format!("delete from {table} where id = {id}"),
        4 => format!("insert into {table} values ({id}, 3000, 'back') on conflict do nothing"),
        5 => format!("begin; update {table} set at = at + 1 where id < {id} % 100; rollback"),
        _ => format!("update {table} set at = at + 7, v = 'moved' where id = {id}"),
    };
    client.batch_execute(&sql)?;
    if id.is_multiple_of(200) {
        client.batch_execute(&format!("vacuum {table}"))?;
    }
    Ok(())
}

/// Runs something while the source is written to.
fn under_writers<T>(pair: &Pair, run: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| write(&pair.source, &stop));
        }
        let stopping = Stopping(&stop);
        let done = run();
        drop(stopping);
        done
    })
}

/// Stops the writers, also where a test fails.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Committed chunks with the time of their commit.
fn chunks(pair: &Pair) -> BTreeMap<String, String> {
    let sql = "select concat_ws(' ', table_name, relation, first_page, end_page), committed from londiste_rs.copy_chunk";
    let rows = pair.target.try_rows(sql).unwrap_or_default();
    rows.into_iter().filter_map(|mut row| Some((row.swap_remove(0)?, row.pop()??))).collect()
}

fn table_of(chunk: &str) -> &str {
    chunk.split(' ').next().unwrap_or_default()
}

fn copying(setup: &Setup) -> bool {
    let states = "select count(*) from londiste.table_info where local and coalesce(merge_state, 'in-copy') = 'in-copy'";
    setup.target.try_rows(states).is_ok_and(|rows| rows[0][0].as_deref() != Some("0"))
}

/// All that is to be known of indexes and constraints, with the indexes and constraints above them. (A NOT NULL that a partition has inherited
/// becomes its own besides, on version 18, when the partition's key is made of an index.)
fn definitions(database: &Database) -> Vec<Vec<Option<String>>> {
    database.rows(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisclustered, indisreplident, indisvalid::text,
                obj_description(indexrelid, 'pg_class'),
                (select string_agg(attstattarget::text, ',') from pg_attribute where attrelid = indexrelid), c.reloptions::text,
                (select spcname from pg_tablespace where oid = c.reltablespace),
                (select inhparent::regclass::text from pg_inherits where inhrelid = indexrelid)
           from pg_index join pg_class c on c.oid = indexrelid join pg_class t on t.oid = indrelid
          where t.relnamespace::regnamespace::text in ('public', 'parts', '\"Odd schema\"')
         union all
         select conname, pg_get_constraintdef(k.oid), condeferrable, condeferred, contype::text, obj_description(k.oid, 'pg_constraint'),
                conrelid::regclass::text, case when contype <> 'n' then conislocal::text end, coninhcount::text,
                (select conrelid::regclass || ' ' || conname from pg_constraint p where p.oid = k.conparentid)
           from pg_constraint k where connamespace::regnamespace::text in ('public', 'parts', '\"Odd schema\"') order by 1, 2, 7",
    )
}

/// Tells what differs.
#[track_caller]
fn assert_same(now: &[Vec<Option<String>>], before: &[Vec<Option<String>>]) {
    let lacks = |these: &[Vec<Option<String>>], those: &[Vec<Option<String>>]| -> Vec<String> {
        let rows = these.iter().filter(|row| !those.contains(row));
        rows.map(|row| row.iter().map(|v| v.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" | "))
            .collect()
    };
    assert!(now == before, "gone: {:#?}\ncome: {:#?}", lacks(before, now), lacks(now, before));
}

fn left_of_copies(pair: &Pair) -> i64 {
    pair.target.number(
        "select (select count(*) from londiste_rs.copy_run) + (select count(*) from londiste_rs.copy_chunk)
              + (select count(*) from londiste_rs.copy_index) + (select count(*) from londiste_rs.copy_progress)
              + (select count(*) from pg_class where relname ~ '^copy_[0-9]+$')",
    )
}

#[test]
fn interrupted_copies_go_on_behind_their_last_chunk() {
    let kills = std::env::var("CHUNKED_COPY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let pair = Pair::start();
    if !has_chunks(&pair) {
        return;
    }
    create(&pair);
    let before = definitions(&pair.target);
    let setup = setup(&pair, "2MB");
    let (mut transactions, mut seen) = (BTreeSet::new(), BTreeSet::new());
    under_writers(&pair, || {
        setup.add_all();
        for kill in 0.. {
            let known = chunks(&pair);
            wait_until(SETTLE, "another chunk is committed, or all are", || {
                let sql = "select pid || ' ' || xact_start from pg_stat_activity
                            where application_name like '% copy %' and backend_xmin is not null";
                transactions
                    .extend(pair.source.admin().rows(sql).into_iter().filter_map(|mut row| row.pop()?));
                let now = chunks(&pair);
                seen.extend(now.keys().cloned());
                now.keys().any(|chunk| !known.contains_key(chunk)) || !copying(&setup)
            });
            if !copying(&setup) {
                break;
            }
            if kill >= kills {
                continue;
            }
            let known = chunks(&pair);
            match kill % 5 {
                0 => setup.target_worker().kill(),
                1 => pair.target.cluster.restart(Shutdown::Immediate),
                2 => drop(pair.source.cluster.terminate_sessions()),
                3 => pair.source.cluster.restart(Shutdown::Immediate),
                _ => drop(pair.target.cluster.terminate_sessions()),
            }
            if kill % 5 == 0 {
                setup.start_daemon("target");
            }
            let kept = chunks(&pair);
            // tables whose rows have become complete meanwhile have no chunks any more
            let tables: BTreeSet<_> = kept.keys().map(|chunk| table_of(chunk)).collect();
            for (chunk, committed) in known.iter().filter(|(chunk, _)| tables.contains(table_of(chunk))) {
                assert_eq!(kept.get(chunk), Some(committed), "{chunk} was copied again\n{}", setup.logs());
            }
        }
        go(&setup);
        setup.wait_ok(SETTLE);
    });
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert_same(&definitions(&pair.target), &before);
    for table in TABLES {
        let of_table: BTreeSet<_> =
            seen.iter().filter(|chunk| table_of(chunk) == format!("public.{table}")).collect();
        let relations: BTreeSet<_> = of_table.iter().filter_map(|chunk| chunk.split(' ').nth(1)).collect();
        let heaps = if table == "on_target" { 1 } else { 4 };
        assert!(of_table.len() > heaps && relations.len() == heaps, "{table}: {of_table:?}");
    }
    assert!(transactions.len() > 10, "chunks have transactions of their own: {transactions:?}");
    wait_until(SETTLE, "nothing is left of the copies", || left_of_copies(&pair) == 0);
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over") && !log.contains("under one snapshot"), "{log}");
}

/// Every kind of index that a partitioned table and its partitions can have, under names that are nobody's rule.
fn odd_target(pair: &Pair) {
    let space = pair.target.cluster.directory().join("space");
    std::fs::create_dir(&space).expect("a directory");
    tests::installation::give_to_server_user(&space);
    let admin = pair.target.admin();
    admin.execute(&format!("create tablespace elsewhere location '{}'", space.display()));
    admin.execute(&format!("grant create on tablespace elsewhere to {}", pair.target.user));
    let columns = "(id int not null, at int not null, a text not null, b int, r int4range, c text collate \"C\" not null)";
    pair.both("create schema \"Odd schema\"");
    pair.both(&format!(
        r#"create table t {columns} partition by range (at);
           create table "Odd schema".low partition of t for values from (0) to (100);
           create table low (like t);
           create table "Odd schema"."Mid ON ONLY dle" partition of t for values from (100) to (200) partition by list (at);
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
    if has_chunks(&pair) {
        wait_until(SETTLE, "the indexes are away", || {
            pair.target.number("select count(*) from londiste_rs.copy_index") > 20
        });
        // so does the stock worker, by what it finds in its place
        let ddl =
            pair.target.value("select dropped_ddl from londiste.table_info where dropped_ddl is not null");
        let mut target = pair.target.connect();
        target.batch_execute(&format!("begin; truncate t; {ddl}")).expect("what was dropped comes back");
        let sql = "select count(*) from pg_index where indisvalid and indrelid in (select relid from pg_partition_tree('t'))";
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
    if !has_chunks(&pair) {
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

fn tables(setup: &Setup) -> String {
    setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone()
}

#[track_caller]
fn wait_told(setup: &Setup, words: &str) {
    wait_for(SETTLE, "tables tells it", || {
        let text = tables(setup);
        if text.contains(words) { Ok(()) } else { Err(format!("{text}\n{}", setup.logs())) }
    });
}

#[test]
fn rows_without_a_partition_park_the_table_until_there_is_one() {
    let pair = Pair::start();
    if !has_chunks(&pair) {
        return;
    }
    pair.source.execute(&format!("create table p {COLUMNS}"));
    pair.target.execute(&format!(
        "create table p {COLUMNS} {BY_RANGE}; create table p_low partition of p for values from (0) to (900);
         create index p_v on p (v); create unique index on p (at, id)"
    ));
    // the last rows have no place yet
    pair.source.execute(&format!(
        "insert into p (id, at, v) select i, i * 1000 / {ROWS}, repeat('v', 80) from generate_series(1, {ROWS}) i"
    ));
    let setup = setup(&pair, "0");
    setup.set("target.ini", "parallel_copies", "1");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.add_all();
    wait_told(&setup, "no partition of relation \"p\" found for row");
    wait_told(&setup, "parked");
    let known = chunks(&pair);
    assert!(known.len() > 2, "{known:?}");
    // it comes while the indexes are away, and is missing in what was kept of them
    pair.target.execute("create table p_high partition of p for values from (900) to (2000)");
    setup.londiste(&["target.ini", "resume-table", "p"]).expect_success();
    setup.wait_ok(SETTLE);
    let log = setup.target_worker().log();
    assert!(log.contains("goes on behind what is there") && !log.contains("starts over"), "{log}");
    assert_eq!(compare::assert_equal(&pair).rows, u64::from(ROWS));
    let valid = "select count(*) from pg_index where indisvalid and indrelid in ('p'::regclass, 'p_low'::regclass, 'p_high'::regclass)";
    assert_eq!(pair.target.number(valid), 9, "{:?}", definitions(&pair.target));
    let parts =
        "select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid and c.relkind = 'i'";
    assert_eq!(pair.target.number(parts), 6);
}

#[test]
fn a_partition_that_is_emptied_meanwhile_starts_the_copy_over() {
    let pair = Pair::start();
    if !has_chunks(&pair) {
        return;
    }
    create(&pair);
    let before = definitions(&pair.target);
    let setup = setup(&pair, "1MB");
    setup.londiste(&["source.ini", "add-table", "same"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "same"]).expect_success();
    let started_over = |times: usize| {
        wait_until(SETTLE, "the copy starts over", || {
            setup.target_worker().log().matches("the copy starts over").count() >= times
        });
        wait_until(SETTLE, "chunks are committed", || chunks(&pair).len() > 1);
    };
    wait_until(SETTLE, "chunks are committed", || chunks(&pair).len() > 1);
    // as somebody at the keyboard of the target might do
    pair.target.execute("truncate parts.same_low");
    setup.target_worker().kill();
    setup.start_daemon("target");
    started_over(1);
    pair.source.execute("truncate parts.same_mid_0");
    started_over(2);
    go(&setup);
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::these(&pair.source, &pair.target, &["public.same".to_owned()]).expect("equal");
    assert_same(&definitions(&pair.target), &before);
}

#[test]
fn partitions_that_come_on_the_source_meanwhile_are_copied_too() {
    let pair = Pair::start();
    if !has_chunks(&pair) {
        return;
    }
    create(&pair);
    let setup = setup(&pair, "300kB");
    setup.londiste(&["source.ini", "add-table", "on_source"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "on_source"]).expect_success();
    let more = || {
        let known = chunks(&pair);
        wait_until(SETTLE, "another chunk is committed", || {
            chunks(&pair).keys().any(|chunk| !known.contains_key(chunk))
        });
    };
    more();
    pair.source.execute(
        "create table fresh partition of on_source for values from (5000) to (6000);
         insert into on_source select i, 5000 + i % 1000, repeat('new', 30) from generate_series(100001, 104000) i;
         update on_source set at = at + 4800 where id % 50 = 0 and at between 300 and 600",
    );
    more();
    setup.target_worker().kill();
    setup.start_daemon("target");
    more();
    pair.source.execute(
        "update on_source set n = n + 1 where at between 5000 and 5010; delete from fresh where id % 7 = 0",
    );
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over"), "{log}");
    // its rows have no events
    pair.source.execute(
        "begin; create table attached (like on_source including all); insert into attached select i, 7000, 'attached' from generate_series(1, 99) i;
         alter table on_source attach partition attached for values from (7000) to (8000); commit",
    );
    wait_until(SETTLE, "the copy starts over", || {
        setup.target_worker().log().contains("a partition came with rows in it on the source")
    });
    go(&setup);
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::these(&pair.source, &pair.target, &["public.on_source".to_owned()]).expect("equal");
}

#[test]
fn foreign_keys_of_and_to_partitions_are_away_during_the_copy() {
    let pair = Pair::start();
    pair.both(
        "create table p (id int, at int, other int, primary key (id, at)) partition by range (at);
         create table p_low partition of p for values from (0) to (50);
         create table p_high partition of p for values from (50) to (100);
         create table other (id int primary key);
         create table child (id int primary key, p int, at int)",
    );
    pair.target.execute(
        "alter table p_low add constraint low_id unique (id);
         create table of_low (id int primary key, low int references p_low (id));
         alter table child add constraint to_p foreign key (p, at) references p;
         alter table p add constraint to_other foreign key (other) references other;
         alter table p_high add constraint high_to_other foreign key (id) references other",
    );
    pair.source.execute("create table of_low (id int primary key, low int)");
    pair.source.execute(&format!(
        "insert into other select generate_series(1, {ROWS});
         insert into p select i, i / ({ROWS} / 100 + 1), i from generate_series(1, {ROWS}) i;
         insert into child select i, i, i / ({ROWS} / 100 + 1) from generate_series(1, 100) i;
         insert into of_low select i, i from generate_series(1, 100) i"
    ));
    // the worker makes them deferrable as long as it replicates the tables
    let keys = || {
        pair.target.rows(
            "select conname, conrelid::regclass::text, confrelid::regclass::text, convalidated,
                    regexp_replace(pg_get_constraintdef(oid), ' DEFERRABLE.*', '') from pg_constraint
              where contype = 'f' and conparentid = 0 and connamespace = 'public'::regnamespace order by 1, 2",
        )
    };
    let before = keys();
    let setup = setup(&pair, "0");
    setup.add_all();
    let are_back = || {
        setup.wait_ok(SETTLE);
        wait_for(SETTLE, "the foreign keys are back", || {
            let now = keys();
            if now == before { Ok(()) } else { Err(format!("{now:?}\n{}", setup.logs())) }
        });
    };
    are_back();
    setup.londiste(&["target.ini", "resync", "p"]).expect_success();
    are_back();
    assert_eq!(before.len(), 4);
    compare::assert_equal(&pair);
}

#[test]
fn tables_tells_why_a_partitioned_table_is_copied_under_one_snapshot() {
    let pair = Pair::start();
    if !has_chunks(&pair) {
        return;
    }
    let table = format!("create table p {COLUMNS} {BY_RANGE}; create table p_rest partition of p default");
    pair.both(&table);
    pair.source.execute(&format!(
        "insert into p (id, at, v) select i, i, repeat('v', 80) from generate_series(1, {ROWS}) i"
    ));
    let admin = pair.target.admin();
    admin.execute(&format!(
        "create role other nologin; grant usage, create on schema public to other; grant select on p to other;
         alter table p_rest owner to other; grant all on p_rest to {}",
        pair.target.user
    ));
    let before = definitions(&pair.target);
    let setup = setup(&pair, "300kB");
    setup.add_all();
    wait_told(&setup, "under one snapshot: a partition of the target's table belongs to a role");
    go(&setup);
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, u64::from(ROWS));
    assert_same(&definitions(&pair.target), &before);
    // a view that needs the key's index: it stays, and rows that came twice would not pass it
    admin.execute(&format!("alter table p_rest owner to {}", pair.target.user));
    pair.target.execute("create view grouped as select id, at, v from p group by id, at");
    setup.set("target.ini", "copy_rate_limit", "300kB");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.londiste(&["target.ini", "resync", "p"]).expect_success();
    wait_told(&setup, "under one snapshot: a unique index on the target has to stay");
    go(&setup);
    setup.wait_ok(SETTLE);
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
    let setup = setup(&pair, "400kB");
    setup.add_all();
    wait_told(&setup, "under one snapshot: a unique index on the target has to stay");
    go(&setup);
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
