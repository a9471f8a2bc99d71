//! What happens to partitions while they are copied.

use tests::definitions::{assert_same, definitions};
use tests::{Pair, Setup, compare, wait_for, wait_until};

use super::{BY_RANGE, COLUMNS, PAGES, ROWS, SETTLE, chunks, create, wait_told};

#[test]
fn rows_without_a_partition_park_the_table_until_there_is_one() {
    let pair = Pair::start();
    if !pair.has_chunks() {
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
    let setup = Setup::in_chunks(&pair, PAGES, "0");
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
    let valid = "select count(*) from pg_index \
                  where indisvalid and indrelid in ('p'::regclass, 'p_low'::regclass, 'p_high'::regclass)";
    assert_eq!(pair.target.number(valid), 9, "{:?}", definitions(&pair.target));
    let parts =
        "select count(*) from pg_inherits i join pg_class c on c.oid = i.inhrelid and c.relkind = 'i'";
    assert_eq!(pair.target.number(parts), 6);
}

#[test]
fn a_partition_that_is_emptied_meanwhile_starts_the_copy_over() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let before = definitions(&pair.target);
    let setup = Setup::in_chunks(&pair, PAGES, "1MB");
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
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::these(&pair.source, &pair.target, &["public.same".to_owned()]).expect("equal");
    assert_same(&definitions(&pair.target), &before);
}

#[test]
fn partitions_that_come_on_the_source_meanwhile_are_copied_too() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let setup = Setup::in_chunks(&pair, PAGES, "300kB");
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
        "begin; create table attached (like on_source including all);
         insert into attached select i, 7000, 'attached' from generate_series(1, 99) i;
         alter table on_source attach partition attached for values from (7000) to (8000); commit",
    );
    wait_until(SETTLE, "the copy starts over", || {
        setup.target_worker().log().contains("a partition came with rows in it on the source")
    });
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::these(&pair.source, &pair.target, &["public.on_source".to_owned()]).expect("equal");
}

#[test]
fn a_partition_that_is_emptied_by_the_transaction_that_has_made_it_has_the_copy_begin_anew() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let setup = Setup::in_chunks(&pair, PAGES, "300kB");
    setup.londiste(&["source.ini", "add-table", "on_source"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "on_source"]).expect_success();
    wait_until(SETTLE, "chunks are committed", || chunks(&pair).len() > 1);
    pair.source.execute(
        "begin; create table fresh partition of on_source for values from (5000) to (6000);
         insert into on_source select i, 5000, 'gone' from generate_series(100001, 100100) i; truncate fresh;
         insert into on_source select i, 5000, 'here' from generate_series(100051, 100060) i; commit",
    );
    wait_until(SETTLE, "the copy begins anew", || {
        setup.target_worker().log().contains("the table's copy is begun anew")
    });
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::these(&pair.source, &pair.target, &["public.on_source".to_owned()]).expect("equal");
    let tables = setup.londiste(&["target.ini", "tables"]).stdout;
    assert!(!tables.contains("fresh"), "{tables}");
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
    let setup = Setup::in_chunks(&pair, PAGES, "0");
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
    if !pair.has_chunks() {
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
    let setup = Setup::in_chunks(&pair, PAGES, "300kB");
    setup.add_all();
    wait_told(&setup, "under one snapshot: a partition of the target's table belongs to a role");
    setup.copy_unlimited();
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
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    assert_same(&definitions(&pair.target), &before);
}
