//! A migration of tables whose types belong to somebody who has made casts, operators and functions for them: none of
//! these runs with the rights of replication, and values arrive as they are. In copies in chunks and at one snapshot,
//! in replay of sets and of single rows, with foreign keys that are dropped and restored.
use std::time::Duration;

use tests::{Database, Pair, Setup, Side, TRAPS, guide, wait_until};

const SETTLE: Duration = Duration::from_secs(120);

const TYPES: &str = "
create type mood as enum ('red', 'green', 'it''s {\"b,l\\ue\"}');
create type pair as (a int, m mood);
create domain temper as mood;
create type span as range (subtype = mood);
grant usage on type mood, pair, temper, span to public";

const COLUMNS: &str = "id mood, k int, p pair, ms mood[], r span, t temper, ps pair[], v varchar";

/// In their order: a foreign key refers to the first.
const TABLES: &[(&str, &str)] = &[
    ("parent", "id mood primary key, v int"),
    ("child", "k int primary key, parent mood references parent on update cascade"),
    ("small", ", primary key (id, k)"),
    ("large", ", pad text, body text, u int, primary key (k, id)"),
    ("keyless", ""),
];

fn login(side: &Side, user: &str) -> Database {
    Database { user: user.to_owned(), password: Some("x".to_owned()), ..side.app().clone() }
}

fn prepare(side: &Side) {
    side.admin().execute(
        "create role mallory login password 'x' nosuperuser; grant create, usage on schema public to public",
    );
    side.execute("create table caught (who name, what text); grant insert on caught to public");
    let mallory = login(side, "mallory");
    mallory.execute(TYPES);
    for (table, columns) in TABLES {
        let shared = if columns.is_empty() || columns.starts_with(',') { COLUMNS } else { "" };
        side.execute(&format!("create table {table} ({shared}{columns})"));
    }
    side.execute("alter table large alter pad set storage plain, alter body set storage external");
    mallory.execute(TRAPS);
    mallory.execute("select trap(array['mood', 'pair', 'span', 'mood[]', 'pair[]', 'span[]'])");
    side.execute("select trap(array['parent', 'child', 'small', 'large', 'keyless'])");
}

/// Values of the shared columns for row `i`.
const VALUES: &str = r#"(array['red', 'green', 'it''s {"b,l\ue"}']::mood[])[1 + i % 3], i,
    case i % 4 when 0 then null else row(i, 'green')::pair end,
    case i % 5 when 0 then null else array['red', null, 'it''s {"b,l\ue"}']::mood[] end,
    case i % 3 when 0 then 'empty'::span else '[red,green]' end,
    case i % 2 when 0 then 'red'::temper end, case i % 3 when 0 then array[row(i, 'red'), null]::pair[] end, 'v' || i"#;

fn same(pair: &Pair) {
    for (table, _) in TABLES {
        // by the output functions, whatever casts there are
        let rows = format!("select pg_catalog.concat(t) collate \"C\" from public.{table} t order by 1");
        let (source, target) = (pair.source.admin().rows(&rows), pair.target.admin().rows(&rows));
        assert!(
            !source.is_empty() && source.len() == target.len(),
            "{table}: {} and {} rows",
            source.len(),
            target.len()
        );
        let differs = source.iter().zip(&target).find(|(source, target)| source != target);
        assert_eq!(differs, None, "{table}");
    }
    let caught = "select string_agg(distinct who || ': ' || what, ', ') from caught";
    assert_eq!([pair.source.value(caught), pair.target.value(caught)], ["", ""]);
}

#[test]
fn casts_operators_and_functions_of_types_do_not_run_in_a_migration() {
    let pair = Pair::start();
    for side in [&pair.source, &pair.target] {
        prepare(side);
    }
    pair.source.execute(&format!(
        "insert into parent select unnest, 0 from pg_catalog.unnest(enum_range(null::mood));
         insert into child select i, (enum_range(null::mood))[1 + i % 3] from generate_series(1, 30) i;
         insert into small select {VALUES} from generate_series(1, 50) i;
         insert into keyless select {VALUES} from generate_series(1, 50) i;
         insert into large
         select {VALUES}, repeat('x', 1000),
                case when i < 300 then (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 150) j) end, i
           from generate_series(1, 2500) i"
    ));
    pair.source.execute("analyze large");
    let setup = Setup::in_chunks(&pair, 40, "900kB");
    for step in guide::drop_foreign_keys(&setup) {
        step.run(&setup).expect_success();
    }
    setup.add_all();
    let chunks = || pair.target.number("select count(*) from londiste_rs.copy_chunk");
    if pair.has_chunks() {
        wait_until(SETTLE, "chunks are committed", || chunks() >= 2);
    }
    // rows that are copied already, and rows that are not yet: values, keys, what updates leave out
    let changes = [
        "update large set t = 'green', ms = '{green}' where k % 7 = 0",
        "update large set k = k + 10000 where k % 50 = 1",
        "update large set id = 'red' where k % 50 = 2",
        "delete from large where k % 50 = 3",
        "update large set u = u + 1 where k < 300",
        "insert into large (id, k, p) select 'green', i, '(1,red)' from generate_series(20001, 20020) i",
    ];
    for change in changes {
        pair.source.execute(change);
    }
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    same(&pair);
    for step in guide::restore_foreign_keys(&setup) {
        step.run(&setup).expect_success();
    }

    let changes = [
        "update small set p = '(7,red)', ms = '{}', t = 'green', r = '(,)' where k % 2 = 0",
        "update small set k = 5051 - k; update small set k = k - 5000",
        "update small set id = 'green' where k = 5; update small set v = null where k = 5; \
         delete from small where k = 6",
        "insert into keyless select * from keyless where k < 4; update keyless set v = v || 'x' where k < 3; \
         delete from keyless where k = 9",
        "do $$ begin update small set v = 'nested'; insert into small (id, k) values ('red', 99); \
         delete from small where k = 12; end $$",
        "update parent set id = 'red' where false; update child set parent = 'red' where k < 9; \
         update parent set v = 1",
        "update large set v = 'y' where k < 300; update large set body = null where k = 5",
    ];
    for change in changes {
        pair.source.execute(change);
    }
    setup.wait_caught_up(SETTLE);
    same(&pair);
    let parked =
        pair.target.value("select string_agg(table_name, ',') from londiste_rs.parked_tables('migq')");
    assert_eq!(parked, "");
    let light = "select count(*) from pgq.event_1 where ev_type = 'rec.L' and ev_extra1 = 'public.large'";
    assert!(pair.source.number(light) > 0, "updates left nothing out");
}
