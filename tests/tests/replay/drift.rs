//! Definitions of both sides that go apart while replication goes on are told, with what mends them, until they are
//! alike again.
use std::time::Duration;

use tests::http::{free_port, get};
use tests::{Pair, Setup, Shutdown, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

/// `tables` of the target.
fn tables(setup: &Setup) -> String {
    setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone()
}

/// What is kept of definitions, or of what nobody replicates: table and words.
fn kept(setup: &Setup, subject: &str) -> String {
    setup.target.value(&format!(
        "select coalesce(string_agg(table_name || ': ' || what, '; ' order by table_name, what), '')
           from londiste_rs.drift where subject = '{subject}'"
    ))
}

#[track_caller]
fn wait_kept(setup: &Setup, subject: &str, expected: &str) {
    wait_for(SETTLE, "what drifts is kept", || match kept(setup, subject) {
        now if now == expected => Ok(()),
        now => Err(format!("{now}\n{}", setup.logs())),
    });
}

/// Runs on the target what is told there, and waits until nothing is told any more.
#[track_caller]
fn mend(setup: &Setup, expected: &str, mended_by: &str) {
    wait_kept(setup, "definition", expected);
    let statement = "select string_agg(statement, ';\n' order by what) from londiste_rs.drift where subject = 'definition'";
    let statement = setup.target.value(statement);
    assert_eq!(statement, mended_by);
    assert!(
        tables(setup).contains(&format!("to mend it here: {}", statement.replace('\n', " "))),
        "{}",
        tables(setup)
    );
    setup.target.execute(&statement);
    wait_kept(setup, "definition", "");
    assert!(!tables(setup).contains("DRIFT"), "{}", tables(setup));
}

fn looking_every_second(pair: &Pair) -> Setup {
    let setup = Setup::new(pair);
    setup.set("target.ini", "drift_every", "1 second");
    setup
}

#[test]
fn each_change_of_one_side_is_told_until_the_other_has_it() {
    let pair = Pair::start();
    pair.both(
        r#"create type mood as enum ('sad', 'happy'); create domain short as varchar(5); create type pair as (a int, b text);
           create table orders (id int primary key, note text, amount int, m mood, s short, ms mood[], p pair);
           create table "Odd One" (id int primary key, "Ä" mood);
           create table days (id int, day date, primary key (id, day)) partition by range (day);
           create table days_1 partition of days for values from ('2026-01-01') to ('2026-02-01');
           create sequence counted"#,
    );
    pair.source.execute(
        "create table years (id int, y int, primary key (id, y)) partition by list (y); \
                         create table years_1 partition of years for values in (1)",
    );
    pair.target.execute("create table years (id int, y int, primary key (id, y))");
    let setup = looking_every_second(&pair);
    setup.replicate();
    wait_for(SETTLE, "it has looked", || {
        let status = setup.londisted(&["status", "target.ini"]).stdout.clone();
        if status.contains("definitions: alike") { Ok(()) } else { Err(status) }
    });
    assert_eq!(kept(&setup, "definition"), "");

    pair.source.execute("alter table orders add extra numeric(9,2) default 1.5");
    mend(
        &setup,
        "public.orders: column public.orders.extra is missing on the target",
        "alter table public.orders add column extra numeric(9,2) default 1.5",
    );
    pair.source.execute("alter table orders drop note");
    mend(
        &setup,
        "public.orders: column public.orders.note is on the target only: the statement loses its values",
        "alter table public.orders drop column note",
    );
    pair.target.execute("alter table orders add mine int");
    wait_kept(
        &setup,
        "definition",
        "public.orders: column public.orders.mine is on the target only: the statement loses its values",
    );
    pair.target.execute("alter table orders drop mine");
    wait_kept(&setup, "definition", "");
    pair.source.execute("alter table orders alter amount type bigint");
    mend(
        &setup,
        "public.orders: column public.orders.amount: type: integer, and bigint on the source",
        "alter table public.orders alter column amount type bigint using amount::bigint",
    );
    pair.source.execute("alter type mood add value 'fine' after 'sad'");
    mend(
        &setup,
        "public.Odd One: type public.mood: labels: 'sad', 'happy', and 'sad', 'fine', 'happy' on the source; also used by public.orders",
        "alter type public.mood add value 'fine' after 'sad'",
    );
    pair.source.execute("alter table orders alter amount set not null");
    mend(
        &setup,
        "public.orders: column public.orders.amount: not null: none, and not null on the source",
        "alter table public.orders alter column amount set not null",
    );
    pair.source
        .execute("create table days_2 partition of days for values from ('2026-02-01') to ('2026-03-01')");
    mend(
        &setup,
        "public.days: table public.days_2 is missing on the target",
        "create table public.days_2 partition of public.days FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
    );
    pair.target.execute("alter table orders add check (amount > 0)");
    wait_kept(
        &setup,
        "definition",
        "public.orders: constraint orders_amount_check on public.orders is on the target only",
    );
    pair.target.execute("alter table orders drop constraint orders_amount_check");
    pair.source.execute("alter sequence counted increment 2 maxvalue 100000");
    wait_kept(
        &setup,
        "definition",
        "public.counted: sequence public.counted: increment: 1, and 2 on the source; \
         public.counted: sequence public.counted: maxvalue: 9223372036854775807, and 100000 on the source",
    );
    pair.target.execute("alter sequence counted increment 2 maxvalue 100000");
    wait_kept(&setup, "definition", "");
    // what is no table of the queue's, and what changes nothing for rows
    pair.source.execute("create type unused as enum ('x'); create index on orders (amount); comment on table orders is 'x'; alter table years add more int");
    mend(
        &setup,
        "public.years: column public.years.more is missing on the target",
        "alter table public.years add column more integer",
    );
    pair.source.execute("insert into orders (id, amount, m, ms) values (1, 2, 'fine', '{fine}')");
    setup.wait_caught_up(SETTLE);
    let log = setup.target_worker().log();
    assert!(
        log.contains("definitions drift, replication stops: column public.orders.extra is missing"),
        "{log}"
    );
    assert!(log.contains("definitions drift no more: column public.orders.extra is missing"), "{log}");
    compare::assert_equal(&pair);
}
