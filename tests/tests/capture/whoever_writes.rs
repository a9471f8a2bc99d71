//! Capture tells the truth also where several statements, triggers and functions change the same rows, and never fails
//! the application.
use std::time::Duration;

use crate::root::root;
use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(90);

const TABLES: &str = "
create table plain (id int primary key, v int, mail text unique);
create table row_trigger (id int primary key, v int, mail text unique);
create table statement_trigger (id int primary key, v int);
create table one_current (id int primary key, grp int, current boolean);
create table called (id int primary key, v int);
create table tree (id int primary key, parent int references tree on delete cascade on update cascade, v int);
create table parent (id int primary key, v int);
create table child (id int primary key, parent int references parent on delete cascade on update cascade);
create table shifting (id int primary key deferrable, v int);
create table pair_key (a text, b numeric, v int, primary key (a, b));
create table keyless (a int, b int);
create table parts (id int, at date, v int, primary key (id, at)) partition by range (at);
create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01');
create table parts_2 partition of parts for values from ('2021-01-01') to ('2022-01-01');
create table guarded (id int primary key, v int);
create table typed (at timestamptz primary key, d date, i interval, f float8, b bytea, m money, r tstzrange,
    g date[], c regclass);
create table keyless_typed (at timestamptz, f float4)";

/// Triggers of the application that write to the table they stand on.
const TRIGGERS: &str = "
create function again_row() returns trigger language plpgsql as $$
    begin execute format('update %I set v = v + 100 where id = $1 and v < 100', tg_table_name) using new.id;
    return null; end $$;
create trigger z_again after insert or update on row_trigger for each row execute function again_row();
create trigger z_again after insert or update on parts for each row execute function again_row();
create function first_statement() returns trigger language plpgsql as $$
    begin
        if pg_trigger_depth() = 1 then
            update statement_trigger set v = v + 1000 where v < 1000;
            delete from statement_trigger where v > 5000;
        end if;
        return null;
    end $$;
create trigger \"A_first\" after insert or update on statement_trigger for each statement
    execute function first_statement();
create function others_not_current() returns trigger language plpgsql as $$
    begin update one_current set current = false where grp = new.grp and current; return new; end $$;
create trigger z_only_one before insert on one_current for each row execute function others_not_current();
create function touch(i int) returns int language plpgsql volatile as $$
    begin update called set v = coalesce(v, 0) + 1 where id <> i;
    insert into called values (i + 1000, i) on conflict do nothing; return i; end $$";

/// Each a statement or a transaction of its own.
const CHANGES: &[&str] = &[
    "insert into plain values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')",
    "update plain set v = v + 1 where id = 1",
    "update plain set v = v + 1",
    "update plain set v = v where false",
    "update plain set id = id + 10 where id = 3",
    "insert into plain values (1, 1, 'x'), (4, 4, 'd') on conflict (id) do update set v = 7, mail = 'y'",
    "with d as (delete from plain returning *) insert into plain select id + 1, v, mail from d",
    "with d as (delete from plain returning *) insert into plain select id, v + 1, mail from d order by id limit 2",
    "with u as (update plain set v = 50 where id < 3 returning id), \
         i as (insert into plain values (100, 1, 'z') returning id) \
     delete from plain where id in (select id + 2 from u)",
    "begin; insert into plain values (200, 1, 's'); savepoint a; update plain set v = 9 where id = 200; \
     rollback to a; update plain set v = 10 where id = 200; delete from plain where id = 100; \
     insert into plain values (100, 0, 'z'); commit",
    "do $$ begin for i in 300 .. 310 loop insert into plain values (i, 0, 'm' || i); \
     update plain set v = i where id = i; delete from plain where id = i - 3; end loop; end $$",
    "insert into row_trigger select i, i, 'm' || i from generate_series(1, 5) i",
    "update row_trigger set v = 5 where id < 3",
    "update row_trigger set id = id + 10, v = 6 where id > 3",
    "with d as (delete from row_trigger returning *) insert into row_trigger select id, 1, mail from d",
    "set quote_all_identifiers = on; insert into row_trigger values (21, 21, 'q'); \
     update row_trigger set v = 7 where id = 21; reset quote_all_identifiers",
    "insert into statement_trigger select i, i from generate_series(1, 5) i",
    "update statement_trigger set v = 6000 where id = 2",
    "update statement_trigger set v = id",
    "insert into one_current values (1, 1, true), (2, 1, true), (3, 1, true), (4, 2, true)",
    "insert into one_current values (5, 2, true)",
    "insert into called values (1, 0), (2, 0), (3, 0)",
    "insert into called select touch(i), i from generate_series(10, 13) i",
    "update called set v = touch(id) where id in (select min(id) from called)",
    "insert into tree values (1, null, 0), (2, 1, 0), (3, 2, 0), (4, 4, 0), (5, 4, 0)",
    "update tree set id = id + 10 where id = 1",
    "update tree set id = 44, v = 1 where id = 4",
    "delete from tree where id = 2",
    "delete from tree where id = 44",
    "insert into parent select i, i from generate_series(1, 4) i",
    "insert into child select i, 1 + i % 4 from generate_series(1, 12) i",
    "update parent set id = id + 10 where id < 3",
    "delete from parent where id in (3, 11)",
    "insert into shifting select i, i from generate_series(1, 50) i",
    "update shifting set id = id + 1",
    "update shifting set id = 53 - id where id in (2, 51)",
    "update shifting set id = case when id < 10 then id + 100 else id end, v = v + 1",
    "insert into pair_key values ('a', 1.0, 1), ('b', 2, 2)",
    "update pair_key set b = 1.00",
    "update pair_key set a = a || 'x', b = b + 1 where a = 'b'",
    "update pair_key set a = case a when 'a' then 'bx' else 'a' end, b = 2 where false",
    "insert into keyless values (1, 1), (1, 1), (2, 2)",
    "update keyless set b = b + 1 where a = 1",
    "delete from keyless where a = 2",
    "insert into parts select i, date '2020-06-01' + 200 * (i % 2), i from generate_series(1, 10) i",
    "update parts set at = at + 400 where id = 2",
    "update parts set v = 7 where id < 4",
    "update parts_1 set v = 8",
    "insert into guarded values (1, 1), (2, 2)",
    "with x as (select 3 as id) insert into guarded select id, 9 from x",
    "truncate plain",
    "begin; truncate called; insert into called values (1, 1); commit",
    "insert into plain values (1, 1, 'again')",
];

/// Each behind statements of the application's own that make values look different.
const LOOKS: &[&str] = &[
    "set datestyle = 'German'; set intervalstyle = 'sql_standard'; set extra_float_digits = -10; \
     set bytea_output = 'escape'; set timezone = 'Asia/Tokyo'; set search_path = ''",
    "set datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601'; set extra_float_digits = 0; \
     set timezone = 'America/Caracas'",
    "set datestyle = 'Postgres'; set intervalstyle = 'postgres_verbose'; set timezone = 'Europe/Dublin'",
];

#[test]
fn rows_arrive_as_they_are_whoever_changed_them() {
    let pair = Pair::start();
    pair.both(TABLES);
    pair.source.execute(TRIGGERS);
    pair.source.admin().execute("alter database shop set lc_monetary = 'C'");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(Duration::from_secs(180));
    pair.source.execute(
        "alter table guarded enable row level security;
         alter table guarded force row level security;
         create policy seen on guarded for select using (v < 3);
         create policy changed on guarded for update using (true);
         create policy added on guarded for insert with check (true)",
    );
    let mut application = pair.source.connect();
    for change in CHANGES {
        if let Err(error) = application.batch_execute(change) {
            panic!("{change}\n{error:?}");
        }
    }
    if pair.source.cluster.major() >= 15 {
        application
            .batch_execute("insert into plain values (2, 2, 'm2'), (3, 3, 'm3'), (4, 4, 'm4')")
            .unwrap();
        application
            .batch_execute(
                "merge into plain p using (values (3, 'd'), (2, 'u'), (8, 'i'), (9, 'i')) x(id, op) on p.id = x.id
                 when matched and x.op = 'd' then delete
                 when matched then update set mail = 'freed', v = 90
                 when not matched then insert values (x.id, 0, case x.id when 8 then 'm3' else 'm2' end)",
            )
            .unwrap();
    }
    for (number, looks) in LOOKS.iter().enumerate() {
        let mut session = pair.source.connect();
        session.batch_execute(looks).unwrap();
        let insert = format!(
            "insert into public.typed select t, '0044-03-15 BC', '1 year -2 days 03:04:05.678',
                    -0.1::float8 / 3 * i, '\\x00ff5c'::bytea, '-1234.50'::money,
                    tstzrange(t, null), array[date 'infinity', date '2020-02-03'], 'public.plain'::regclass
               from (select i, timestamptz '2024-03-10 02:30:00.123456+00' + i
                            * interval '7 hours {number} minutes' as t from generate_series(1, 9) i) x"
        );
        session.batch_execute(&insert).unwrap();
        session.batch_execute("update public.typed set f = f / 7, i = -i, d = d + 1").unwrap();
        session.batch_execute("insert into public.keyless_typed select at, f from public.typed").unwrap();
        session.batch_execute("update public.keyless_typed set f = f * 3").unwrap();
        let kept =
            session.query_one("select current_setting('timezone') || current_setting('datestyle')", &[]);
        let kept: String = kept.unwrap().get(0);
        assert!(
            !kept.contains("UTC") && !kept.contains("ISO"),
            "the session's settings are as it set them: {kept}"
        );
    }
    pair.source.execute("alter table guarded disable row level security");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let events = |condition: &str| {
        let parts: Vec<String> = pair
            .source
            .rows("select format('pgq.%I', c.relname) from pg_class c where c.relname ~ '^event_1_[0-9]$'")
            .into_iter()
            .flatten()
            .flatten()
            .map(|table| format!("select count(*) as n from {table} where {condition}"))
            .collect();
        pair.source.number(&format!("select sum(n) from ({}) x", parts.join(" union all ")))
    };
    assert_eq!(
        events("ev_type = 'rec.P' and ev_extra1 in ('public.shifting', 'public.typed')"),
        0,
        "nobody interferes there"
    );
    assert!(events("ev_type = 'rec.P' and ev_extra1 = 'public.row_trigger'") > 0, "the trigger interferes");
    after_an_applications_own_ddl(&pair);
}

/// Nothing of ours fails when the application changes its tables.
#[track_caller]
fn after_an_applications_own_ddl(pair: &Pair) {
    for change in [
        "alter table plain rename id to ident; insert into plain values (500, 1, 'n'); \
         update plain set v = 2 where ident = 500; do $$ begin delete from plain where ident = 500; end $$",
        "alter table row_trigger rename to renamed; with x as (select 1) delete from renamed",
        "alter table shifting drop column id; insert into shifting values (1); \
         update shifting set v = v + 1; delete from shifting where v = 2",
        "alter table typed alter d type text using d::text; update typed set d = 'x'",
        "alter table child add column more text default 'm'; update child set more = 'n'; \
         alter table child drop column more; update child set id = id + 1000",
        "alter table keyless add column id serial primary key; update keyless set b = 0; \
         delete from keyless where id = 1",
        "alter table parts drop constraint parts_pkey; update parts set v = 1",
        "drop table called",
    ] {
        pair.source.execute(change);
    }
}

#[test]
fn the_gate_follows_rotation_and_demotion() {
    let root = root();
    root.clerk().execute("insert into t values (1, 1)");
    assert_eq!(root.events(0), ["rec.I(1,1)"]);
    root.app.execute("update pgq.queue set queue_switch_time = now() - interval '1 day'");
    root.app.psql("select pgq.maint_rotate_tables_step1('q')");
    root.app.psql("select pgq.maint_rotate_tables_step2()");
    root.clerk().execute("update t set v = 2");
    assert_eq!(root.events(1), ["rec.U(1,2)"]);
    // a demotion that is rolled back leaves the queue open, one that is not closes it at once, until it is opened again
    let mut demotion = root.app.connect();
    demotion.batch_execute("begin; update pgq.queue set queue_disable_insert = true").unwrap();
    demotion.batch_execute("rollback").unwrap();
    root.clerk().execute("update t set v = 3");
    root.app.execute("update pgq.queue set queue_disable_insert = true");
    let refused = root.clerk().connect().batch_execute("update t set v = 4").unwrap_err();
    let refused = refused.as_db_error().unwrap();
    assert!(refused.message().contains("takes no changes"), "{refused:?}");
    assert_eq!(refused.code().code(), "25006");
    root.clerk().execute("update t set v = 4 where false");
    root.app.execute("select londiste_rs.open_gate('q')");
    root.clerk().connect().batch_execute("update t set v = 4").unwrap_err();
    root.app.execute("update pgq.queue set queue_disable_insert = false");
    root.clerk().execute("update t set v = 5");
    root.app.execute("select londiste_rs.open_gate('q')");
    root.clerk().execute("update t set v = 6");
    assert_eq!(root.events(1), ["rec.U(1,2)", "rec.U(1,3)", "rec.U(1,5)", "rec.U(1,6)"]);
    root.app.execute("select pgq.drop_queue('q')");
    root.clerk().execute("delete from t");
    assert!(root.cluster.major() >= 13);
}

#[test]
fn updates_that_change_nothing_are_left_out_on_request_and_an_older_capture_is_replaced() {
    let root = root();
    let whole = "select londiste_rs.capture_is_whole('q', 'public.t')";
    assert_eq!(root.app.value(whole), "t");
    root.app.execute("insert into t values (1, 1), (2, 2)");
    root.app.execute("select londiste_rs.set_captures_unchanged('q', false)");
    assert_eq!(root.app.value(whole), "f");
    assert_eq!(root.app.value("select londiste_rs.stale_captures('q')"), "public.t");
    root.app.execute("select londiste_rs.capture_table('q', 'public.t')");
    root.app.execute("update t set v = v");
    root.app.execute("update t set v = v where id = 1");
    root.app.execute("update t set v = 2");
    root.app.execute("update t set id = 3 where id = 2");
    root.app.execute("update t set v = 7 where id = 3");
    let expected = ["rec.I(1,1)", "rec.I(2,2)", "rec.U(1,2)", "rec.U(3,2)", "rec.U(3,7)"];
    assert_eq!(root.events(0), expected);
    root.app.execute(
        "select londiste_rs.set_captures_unchanged('q', true); \
         select londiste_rs.capture_table('q', 'public.t')",
    );
    assert_eq!(root.app.value(whole), "t");

    // the row trigger that capture was before, under the name that one of the new ones has
    root.app.execute(
        "drop trigger _londiste_q on t; drop trigger _londiste_q_insert on t; drop trigger _londiste_q_delete on t;
         do $$ begin execute format(
             'create trigger _londiste_q after insert or update or delete on t for each row execute function \
              londiste_rs.capture_1_%s()', 't'::regclass::oid); end $$",
    );
    assert_eq!(root.app.value(whole), "f");
    assert_eq!(root.app.value("select londiste_rs.stale_captures('q')"), "public.t");
    root.app.execute("select londiste_rs.capture_table('q', 'public.t')");
    root.app.execute("truncate pgq.event_1_0");
    root.app.execute("update t set v = 8 where id = 1");
    root.app.execute("delete from t where id = 3");
    assert_eq!(root.events(0), ["rec.U(1,8)", "rec.D(3,7)"]);
    assert_eq!(root.app.value(whole), "t");
    assert_eq!(root.app.rows("select londiste_rs.stale_captures('q')").len(), 0);
    // and back, when the table gets an inheritance child
    root.app.execute("create table heir () inherits (t)");
    assert_eq!(root.app.value("select londiste_rs.stale_captures('q')"), "public.t");
    root.app.execute("select londiste_rs.capture_table('q', 'public.t')");
    root.app.execute("insert into heir values (9, 9); update t set v = 10");
    assert_eq!(root.events(0), ["rec.U(1,8)", "rec.D(3,7)", "rec.U(1,10)"]);
    root.app.execute("select londiste_rs.release_table('q', 'public.t')");
    assert_eq!(root.app.number("select count(*) from pg_trigger where tgrelid = 't'::regclass"), 0);
}
