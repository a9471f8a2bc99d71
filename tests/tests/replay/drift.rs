//! Definitions of both sides that go apart while replication goes on are told, with what mends them, until they are
//! alike again.
use std::time::Duration;

use tests::{Pair, Setup, Shutdown, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

/// `tables` of the target.
pub(crate) fn tables(setup: &Setup) -> String {
    setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone()
}

/// What is kept of definitions, or of what nobody replicates: table and words.
pub(crate) fn kept(setup: &Setup, subject: &str) -> String {
    setup.target.value(&format!(
        "select coalesce(string_agg(table_name || ': ' || what, '; ' order by table_name, what), '')
           from londiste_rs.drift where subject = '{subject}'"
    ))
}

#[track_caller]
pub(crate) fn wait_kept(setup: &Setup, subject: &str, expected: &str) {
    wait_for(SETTLE, "what drifts is kept", || match kept(setup, subject) {
        now if now == expected => Ok(()),
        now => Err(format!("{now}\n{}", setup.logs())),
    });
}

/// Runs on the target what is told there, and waits until nothing is told any more.
#[track_caller]
pub(crate) fn mend(setup: &Setup, expected: &str, mended_by: &str) {
    wait_kept(setup, "definition", expected);
    let statement = "select string_agg(statement, ';\n' order by what) from londiste_rs.drift \
                      where subject = 'definition'";
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

pub(crate) fn looking_every_second(pair: &Pair) -> Setup {
    let setup = Setup::new(pair);
    setup.set("target.ini", "drift_every", "1 second");
    setup
}

#[test]
fn each_change_of_one_side_is_told_until_the_other_has_it() {
    let pair = Pair::start();
    pair.both(
        r#"create type mood as enum ('sad', 'happy'); create domain short as varchar(5);
           create type pair as (a int, b text);
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
        "public.Odd One: type public.mood: labels: 'sad', 'happy', and 'sad', 'fine', 'happy' on the source; \
         also used by public.orders",
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
    // with a default partition rows find their place
    pair.target.execute("create table days_rest partition of days default");
    pair.source
        .execute("create table days_3 partition of days for values from ('2026-03-01') to ('2026-04-01')");
    wait_kept(
        &setup,
        "definition",
        "public.days: table public.days_3 is missing on the target: its rows go into the default partition",
    );
    assert_eq!(setup.target.value("select stops from londiste_rs.drift"), "f");
    pair.target
        .execute("create table days_3 partition of days for values from ('2026-03-01') to ('2026-04-01')");
    wait_kept(&setup, "definition", "");
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
    pair.source.execute(
        "create type unused as enum ('x'); create index on orders (amount); \
         comment on table orders is 'x'; alter table years add more int",
    );
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

/// A column that holds a table: both are told, and both end.
#[test]
fn a_parked_table_drifts_too_until_it_is_mended() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key); create table other (id int primary key)");
    let setup = Setup::new(&pair);
    // the worker that parks a table lets it look at once
    setup.set("target.ini", "drift_every", "1 hour");
    setup.replicate();
    wait_for(SETTLE, "it has looked", || {
        let status = setup.londisted(&["status", "target.ini"]).stdout.clone();
        if status.contains("definitions: alike") { Ok(()) } else { Err(status) }
    });
    pair.source
        .execute("alter table t add v text; insert into t values (1, 'x'); insert into other values (1)");
    wait_kept(&setup, "definition", "public.t: column public.t.v is missing on the target");
    setup.wait_caught_up(SETTLE);
    assert_eq!(
        pair.target.value("select string_agg(table_name, ',') from londiste_rs.parked_tables('migq')"),
        "public.t"
    );
    let told = tables(&setup);
    assert!(told.contains("public.t: ERR") && told.contains("public.t: DRIFT, stops replication"), "{told}");
    pair.target.execute(&pair.target.value("select statement from londiste_rs.drift"));
    setup.londiste(&["target.ini", "resume-table", "t"]).expect_success();
    setup.wait_ok(SETTLE);
    // a row of another shape lets it look as well
    pair.source.execute("alter table other alter id type bigint");
    wait_for(SETTLE, "another shape is noticed", || {
        pair.source.execute("insert into other select max(id) + 1 from other");
        let now = kept(&setup, "definition");
        if now.contains("public.other: column public.other.id: type: integer, and bigint") {
            Ok(())
        } else {
            Err(setup.logs())
        }
    });
    pair.target.execute("alter table other alter id type bigint");
    // a column that is left out on purpose is none
    pair.source.execute("alter table t add secret text");
    setup.set("target.ini", "drift_every", "1");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    wait_kept(&setup, "definition", "public.t: column public.t.secret is missing on the target");
    setup.londiste(&["target.ini", "add-table", "t", "--skip-columns=secret"]).expect_success();
    wait_kept(&setup, "definition", "");
    pair.source.execute("insert into t values (2, 'y')");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select string_agg(id || v, ' ' order by id) from t"), "1x 2y");
}

/// Looks that fail fail nobody, and cost nothing while nothing changes.
#[test]
fn a_look_that_fails_fails_nobody_and_a_quiet_one_asks_for_stamps_only() {
    let pair = Pair::start_with(&[("log_statement", "all")]);
    pair.both("create table t (id int primary key, v text)");
    let setup = looking_every_second(&pair);
    setup.replicate();
    let times = |words: &str| pair.target.cluster.log().matches(words).count();
    let (stamps, comparisons) =
        ("concat(count(*), ' ', sum(hashtextextended(word", "pg_get_partkeydef(c.oid)");
    wait_for(SETTLE, "it looks", || if times(stamps) > 0 { Ok(()) } else { Err(String::new()) });
    wait_for(SETTLE, "it has compared", || if times(comparisons) > 0 { Ok(()) } else { Err(String::new()) });
    let looked = |more: usize| {
        let before = times(stamps);
        wait_for(SETTLE, "it looks again", || {
            if times(stamps) >= before + more { Ok(()) } else { Err(setup.logs()) }
        });
    };
    looked(2);
    setup.set("source.ini", "drift_every", "1");
    setup.londiste(&["-r", "source.ini"]).expect_success();
    let before = times(comparisons);
    pair.source.execute(
        "insert into t select i, 'v' from generate_series(1, 100) i; analyze t; truncate t; \
         insert into t values (1, 'x')",
    );
    pair.source.execute("vacuum t");
    setup.wait_caught_up(SETTLE);
    looked(3);
    assert_eq!(times(comparisons), before, "nothing was changed, and it has compared");
    let root = setup.londisted(&["status", "source.ini"]).stdout.clone();
    assert!(root.contains("  drift ") && !root.contains("definitions:"), "a root has no other side: {root}");

    // somebody holds the table on the source: replication goes on, and the look is made again
    let mut client = pair.source.connect();
    client
        .batch_execute("alter table t add n int default 1 + 1; begin; lock table t in access exclusive mode")
        .expect("a lock");
    pair.target.execute("alter table t add n int default 1 + 1");
    looked(2);
    client.batch_execute("commit").expect("no lock");
    pair.source.execute("alter table t add more int");
    wait_kept(&setup, "definition", "public.t: column public.t.more is missing on the target");

    // the functions are away: it says so, and the worker goes on
    pair.target.execute(
        "alter function londiste_rs.keep_drift(text, text, text[], text[], text[], boolean[]) rename to away",
    );
    pair.target.execute("alter table t add more int");
    wait_for(SETTLE, "the process tells it", || {
        let status = setup.londisted(&["status", "target.ini"]).stdout.clone();
        if status.contains("could not be looked at: ") && status.contains("keep_drift") {
            Ok(())
        } else {
            Err(status)
        }
    });
    pair.source.execute("insert into t (id, more) values (7, 7)");
    setup.wait_caught_up(SETTLE);
    let log = setup.target_worker().log();
    assert_eq!(log.matches("definitions of both sides could not be compared").count(), 1, "{log}");
    pair.target.execute(
        "alter function londiste_rs.away(text, text, text[], text[], text[], boolean[]) rename to keep_drift",
    );
    wait_kept(&setup, "definition", "");

    // the source is away: the part goes on, and finds what has changed meanwhile
    pair.source.cluster.stop(Shutdown::Fast);
    let part = |status: &str| status.lines().find(|line| line.starts_with("  drift ")).map(str::to_owned);
    wait_for(SETTLE, "the process tells it", || {
        let status = setup.londisted(&["status", "target.ini"]).stdout.clone();
        match part(&status) {
            Some(line) if line.contains("running") && line.contains("could not be looked at: ") => Ok(()),
            _ => Err(status),
        }
    });
    pair.target.execute("alter table t add alone int");
    pair.source.cluster.start_again();
    wait_kept(
        &setup,
        "definition",
        "public.t: column public.t.alone is on the target only: the statement loses its values",
    );
    let status = setup.londisted(&["status", "target.ini"]).stdout.clone();
    assert!(!status.contains("could not be looked at"), "{status}");
    assert!(part(&status).is_some_and(|line| line.contains("definitions: 1 DIFFER")), "{status}");
}
