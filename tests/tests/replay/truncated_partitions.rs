//! TRUNCATE of partitioned tables and their parts, where the target's table is partitioned otherwise.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

const SOURCE: &str = "
    create table c (id int, at date, v text, primary key (id, at)) partition by range (at);
    create table c1 partition of c for values from ('2026-01-01') to ('2026-02-01');
    create table c2 partition of c for values from ('2026-02-01') to ('2026-04-01');
    create table deep (id int primary key, v text) partition by range (id);
    create table low partition of deep for values from (0) to (100) partition by hash (id);
    create table low0 partition of low for values with (modulus 2, remainder 0);
    create table low1 partition of low for values with (modulus 2, remainder 1);
    create table high partition of deep default;
    create table flat (id int primary key, v text);
    create table kinds (id int, k text, primary key (id, k)) partition by list (k);
    create table kinds_a partition of kinds for values in ('a', 'it''s');
    create table kinds_rest partition of kinds default;
    create table odd (id int, n text, primary key (id, n)) partition by range (n text_pattern_ops);
    create table odd_1 partition of odd for values from ('a') to ('m');
    create table odd_2 partition of odd default";

const TARGET: &str = "
    create table c (id int, at date, v text, primary key (id, at)) partition by range (at);
    create table c2 partition of c for values from ('2026-02-01') to ('2026-03-01');
    create table c3 partition of c for values from ('2026-03-01') to ('2026-04-01');
    create table c0 partition of c default;
    create table deep (id int primary key, v text);
    create table flat (id int primary key, v text) partition by hash (id);
    create table flat0 partition of flat for values with (modulus 2, remainder 0);
    create table flat1 partition of flat for values with (modulus 2, remainder 1);
    create table kinds (id int, k text, primary key (id, k));
    create table odd (id int primary key, n text)";

const FILL: &str = "
    insert into c select i, date '2026-01-01' + i % 90, 'v' from generate_series(1, 200) i;
    insert into deep select i, 'v' from generate_series(1, 200) i;
    insert into flat select i, 'v' from generate_series(1, 200) i;
    insert into kinds select i, (array['a', 'it''s', 'b', 'z'])[1 + i % 4] from generate_series(1, 200) i;
    insert into odd select i, chr(97 + i % 26) from generate_series(1, 52) i;";

/// Each of them on full tables.
const TRUNCATES: &[&str] = &[
    "truncate c",
    "truncate c1",
    "truncate c2",
    "truncate only c2",
    "truncate c1, c2",
    "truncate c1, c",
    "truncate low",
    "truncate low0",
    "truncate low1, high",
    "truncate low0, low, high, deep",
    "truncate high",
    "truncate flat, deep, c1",
    "truncate kinds_a",
    "truncate kinds_rest",
    "begin; truncate c; insert into c values (1, '2026-01-01', 'a'), (2, '2026-03-01', 'b'); truncate c1; \
     insert into c values (3, '2026-01-05', 'c'); commit",
    "do $$ begin truncate c1, c; insert into c values (1, '2026-01-01', 'a'), (2, '2026-03-05', 'b');
     truncate c1; truncate c2;
                 insert into c values (3, '2026-01-01', 'a'), (4, '2026-03-05', 'b'); end $$",
    "do $$ begin truncate deep; insert into deep values (1, 'a'), (500, 'b'); truncate low; \
     insert into deep values (2, 'a'); truncate high; end $$",
    "begin; savepoint a; truncate c; rollback to a; truncate c1; \
     insert into c values (1000, '2026-01-02', 'x'); commit",
    // the worker has not seen them yet
    "create table c4 partition of c for values from ('2026-04-01') to ('2026-05-01'); \
     insert into c values (5000, '2026-04-05', 'new'); truncate c",
    "create table low2 partition of deep for values from (-100) to (0); insert into deep values (-5, 'v'); \
     truncate deep; insert into deep values (-6, 'v')",
];

fn events(pair: &Pair, mark: &str) -> String {
    let sql = format!(
        "select coalesce(string_agg(concat_ws(' ', ev_type, ev_data), ', ' order by ev_id), '')
                 from pgq.event_template
                where ev_type in ('R', 'rec.R') and ev_id > {mark}"
    );
    pair.source.value(&sql)
}

#[test]
fn rows_go_by_the_bounds_that_they_had_on_the_source() {
    let pair = Pair::start();
    pair.source.execute(SOURCE);
    pair.target.execute(TARGET);
    pair.source.execute(FILL);
    let setup = Setup::new(&pair);
    setup.replicate();
    for truncate in TRUNCATES {
        pair.source.execute(&format!("truncate c, deep, flat, kinds; delete from odd; {FILL}"));
        pair.source.execute(truncate);
        setup.wait_caught_up(SETTLE);
        compare::assert_equal(&pair);
    }
    // one event for a tree, one for a branch
    for (truncate, expected) in [
        ("truncate deep", "R"),
        ("truncate low", "rec.R public.low"),
        ("truncate c1", "rec.R public.c1"),
        ("truncate low1, c", "rec.R public.low1, R"),
    ] {
        let mark = pair.source.value("select coalesce(max(ev_id), 0) from pgq.event_template");
        pair.source.execute(truncate);
        assert_eq!(events(&pair, &mark), expected, "{truncate}");
    }
    // what was detached is no part of it, whatever triggers it still has
    pair.source.execute(&format!("truncate c, deep, flat, kinds; delete from odd; {FILL}"));
    pair.source.execute("begin; alter table c detach partition c2; truncate c2; commit");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select count(*) > 0 from c where at > '2026-02-01'"), "t");
    pair.source.execute(
        "insert into c2 select i, date '2026-02-01' + i % 50, 'v' \
                          from generate_series(1, 10) i; drop table c2",
    );
    pair.target.execute("delete from c where at > '2026-01-31'");

    // bounds that mean nothing on the target hold that table alone
    pair.source.execute("truncate odd_1; insert into flat values (1001, 'x')");
    setup.wait_caught_up(SETTLE);
    let said = setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    for part in ["partition public.odd_1", "text_pattern_ops", "then resume-table", "or resync the table"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(pair.target.value("select count(*) from flat where id = 1001"), "1");
    pair.target.execute(
        "begin; alter table odd rename to was;
         create table odd (id int, n text, primary key (id, n)) partition by range (n text_pattern_ops);
         create table odd_a partition of odd for values from ('a') to ('m');
         create table odd_b partition of odd default;
         insert into odd select * from was; drop table was; commit",
    );
    setup.londiste(&["target.ini", "resync", "odd"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    // a lock that was not to be had for a new partition's trigger is tried for again after a pause
    wait_until(SETTLE, "the new partitions have their triggers", || {
        setup.londiste(&["source.ini", "check-capture"]).code == 0
    });
}
