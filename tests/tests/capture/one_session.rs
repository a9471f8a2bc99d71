//! What a session has planned once is not what it does later: rotation, demotion, settings and definitions change under
//! it.
use postgres::Client;

use crate::root::{Root, root};

/// A session that has planned everything already, and what it does.
fn planned(root: &Root) -> Client {
    let mut session = root.clerk().connect();
    session.batch_execute("insert into t values (1, 0), (2, 0); update t set v = 0 where id = 1").unwrap();
    for v in 1..8 {
        session.execute("update t set v = $1 where id = 1", &[&v]).unwrap();
    }
    root.app.execute("truncate pgq.event_1_0");
    session
}

fn rotate(root: &Root) {
    root.app.execute("update pgq.queue set queue_switch_time = now() - interval '1 day'");
    root.app.psql("select pgq.maint_rotate_tables_step1('q')");
    root.app.psql("select pgq.maint_rotate_tables_step2()");
}

#[test]
fn changes_follow_the_rotation() {
    let root = root();
    let mut session = planned(&root);
    for (table, v) in [(1, 10), (2, 20), (0, 30), (1, 40)] {
        rotate(&root);
        session.execute("update t set v = $1 where id = 1", &[&v]).unwrap();
        session.execute("delete from t where id = 2", &[]).unwrap();
        session.execute("insert into t values (2, $1)", &[&v]).unwrap();
        assert_eq!(root.events(table).last(), Some(&format!("rec.I(2,{v})")));
        assert!(root.events(table).contains(&format!("rec.U(1,{v})")), "{:?}", root.events(table));
    }
}

#[test]
fn a_transaction_older_than_the_rotation_keeps_its_changes() {
    let root = root();
    root.app.execute("select pgq.register_consumer('q', 'c')");
    let mut session = planned(&root);
    session.batch_execute("begin isolation level repeatable read; update t set v = 50 where id = 1").unwrap();
    rotate(&root);
    session.batch_execute("update t set v = 51 where id = 1; commit").unwrap();
    root.app.psql("select pgq.force_tick('q')");
    root.app.psql("select pgq.ticker('q')");
    let batch = root.app.number("select pgq.next_batch('q', 'c')");
    let told = root.app.rows(&format!("select ev_data from pgq.get_batch_events({batch}) order by ev_id"));
    let told: Vec<String> = told.into_iter().flatten().flatten().collect();
    assert_eq!(told[told.len() - 2..], ["(1,50)", "(1,51)"], "{told:?}");
}

#[test]
fn silence_holds_for_as_long_as_it_is_asked_for() {
    let root = root();
    let _planned = planned(&root);
    let mut session = root.cluster.admin("app").connect();
    for role in ["origin", "local", "origin", "local"] {
        session.batch_execute(&format!("set session_replication_role = {role}")).unwrap();
        session.execute("update t set v = v + 1 where id = 1", &[]).unwrap();
    }
    session
        .batch_execute(
            "set session_replication_role = origin; begin; update t set v = 30 where id = 1; savepoint s;
             set local session_replication_role = local; update t set v = 31 where id = 1; rollback to s;
             update t set v = 32 where id = 1; set local session_replication_role = local;
             update t set v = 33 where id = 1; commit",
        )
        .unwrap();
    session.execute("update t set v = 34 where id = 1", &[]).unwrap();
    assert_eq!(root.events(0), ["rec.U(1,8)", "rec.U(1,10)", "rec.U(1,30)", "rec.U(1,32)", "rec.U(1,34)"]);
}

#[test]
fn a_definition_that_changes_is_told_at_the_next_statement() {
    let root = root();
    let mut session = planned(&root);
    root.app.execute("alter table t add column w text default 'x'; alter table t rename column v to u");
    session.execute("update t set u = 5 where id = 1", &[]).unwrap();
    let shape = root.app.value("select ev_extra3 from pgq.event_1_0 order by ev_id desc limit 1");
    assert!(shape.contains("\"u\"") && shape.contains("\"w\""), "{shape}");
    root.app.execute("select londiste_rs.capture_table('q', 'public.t')");
    session.execute("update t set u = 6 where id = 1", &[]).unwrap();
    assert_eq!(root.events(0), ["rec.U(1,5,x)", "rec.U(1,6,x)"]);
    assert_eq!(root.app.value("select ev_extra3 from pgq.event_1_0 order by ev_id desc limit 1"), "2");
}

#[test]
fn the_last_tick_of_a_root_waits_for_whoever_is_writing() {
    let root = root();
    root.app.execute(
        "select pgq_node.register_location('q', 'n', 'x', false); \
         select pgq_node.register_location('q', 'm', 'x', false)",
    );
    root.app.execute("select pgq_node.create_node('q', 'root', 'n', 'w', null, null, null)");
    let mut session = planned(&root);
    session.batch_execute("begin; update t set v = 60 where id = 1").unwrap();
    root.app.psql("select pgq_node.demote_root('q', 1, 'm')");
    root.clerk().connect().batch_execute("update t set v = 61 where id = 2").unwrap_err();
    let mut ticker = root.app.connect();
    let early = ticker.batch_execute("set lock_timeout = '300ms'; select pgq_node.demote_root('q', 2, 'm')");
    assert_eq!(early.unwrap_err().code(), Some(&postgres::error::SqlState::LOCK_NOT_AVAILABLE));
    session.batch_execute("commit").unwrap();
    ticker.batch_execute("select pgq_node.demote_root('q', 2, 'm')").unwrap();
    let last = "select tick_event_seq >= (select max(ev_id) from pgq.event_1)
                   and (select bool_and(txid_visible_in_snapshot(ev_txid, tick_snapshot)) from pgq.event_1)
                  from pgq.tick order by tick_id desc limit 1";
    assert_eq!(root.app.value(last), "t");
    session.batch_execute("update t set v = 62 where id = 1").unwrap_err();
}

#[test]
fn parts_of_one_statement_are_told_in_an_order_that_replays() {
    let root = root();
    let mut session = planned(&root);
    session.batch_execute("insert into t select i, 0 from generate_series(3, 9) i").unwrap();
    root.app.execute("create table copy as select * from t; truncate pgq.event_1_0");
    for statement in [
        "with d as (delete from t where id = 3 returning id), i as (insert into t values (20, 1)) \
         update t set v = 1 where id in (4, 5)",
        "with u as (update t set v = 2 where id = 4 returning id) update t set v = 3 where id in (4, 5)",
        "with d as (delete from t where id = 6 returning *), u as (update t set v = 4 where id = 7) \
         insert into t select id, 5 from d",
        "with u as (update t set v = 6 where id = 8 returning *) delete from t using u where t.id = 9 or t.id = u.id",
    ] {
        session.batch_execute(statement).unwrap();
    }
    if root.cluster.major() >= 15 {
        session
            .batch_execute(
                "merge into t using (values (4, 7), (5, 8), (30, 9)) n (id, v) on t.id = n.id
                  when matched and n.id = 4 then delete when matched then update
                    set v = n.v when not matched then insert values (n.id, n.v)",
            )
            .unwrap();
    }
    assert_eq!(root.differences_from("copy"), 0, "{:?}", root.events(0));
}

/// Statements of functions and triggers, beside and inside of each other.
const NESTED: [&str; 11] = [
    "select bump(3), bump(3), bump(4)",
    "select hundred(3); \
     do $$ begin perform hundred(4); perform bump(4); perform hundred(5); \
     update t set v = hundred(9) where id = 3; end $$",
    "do $$ begin update t set v = 100 where id = 4; update t set v = 5 where id = 4; \
     update t set v = 100 where id = 5; end $$",
    "update t set v = bump(id + 1) where id in (5, 7)",
    "update t set v = 1 + bump(5) where id = 8; select bump(8)",
    "do $$ begin
         begin update t set v = 100 where id = 6; raise exception 'not that'; exception when others then null; end;
         update t set v = 7 where id = 6; end $$",
    "delete from t where id > 39;
     do $$ begin
         insert into t values (40, 200); insert into t values (41, 1) on conflict (id) do update set v = 3;
         insert into t values (41, 1), (42, 200) on conflict (id) do update set v = excluded.v + 5; end $$",
    "do $$ begin with d as (delete from t where id = 3 returning id) insert into t select id, 77 from d; \
     perform bump(3); end $$",
    "do $$ begin update t set id = id + 100, v = 100 where id = 7; update t set v = 9 where id = 107; \
     update t set id = 7 where id = 107; end $$",
    "do $$ begin update t set v = v + 1 where id in (3, 4, 5); update t set v = 100 where id in (4, 8); \
     update t set v = v - 1; end $$",
    "delete from t where id = 50; insert into t select bump(9) + 41, 200; \
     do $$ begin delete from t where id = 8; insert into t values (8, 200); perform bump(8); end $$",
];

#[test]
fn statements_inside_of_others_are_told_in_an_order_that_replays() {
    let root = root();
    root.app.execute(
        "create function bump(i int) returns int language plpgsql
             as $$ begin update t set v = v + 1 where id = i; return i; end $$;
         create function hundred(i int) returns int language sql as $$ update t set v = 100 where id = i returning i $$;
         create function again() returns trigger language plpgsql
             as $$ begin update t set v = v + 1 where id = new.id; return null; end $$;
         create trigger again after insert or update on t for each row when (new.v in (100, 200))
             execute function again();
         insert into t select i, 0 from generate_series(3, 9) i; create table copy as select * from t;
         truncate pgq.event_1_0",
    );
    let mut session = root.app.connect();
    for together in [false, true] {
        for statements in NESTED {
            let statements = if together {
                format!("begin; {statements}; {statements}; commit")
            } else {
                statements.to_owned()
            };
            session.batch_execute(&statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
            assert_eq!(root.differences_from("copy"), 0, "{statements}: {:?}", root.events(0));
        }
        session.batch_execute("delete from t where id > 9").unwrap();
        root.app.execute("truncate copy, pgq.event_1_0; insert into copy select * from t");
    }
}

#[test]
fn a_function_s_statement_is_told_as_what_the_row_is_now_without_reading_it() {
    let root = root();
    root.app.execute(
        "insert into t values (1, 1), (2, 1); alter table t enable row level security;
         alter table t force row level security;
         create policy everything on t using (true); truncate pgq.event_1_0",
    );
    let change = "do $$ begin
        update t set v = 2 where id = 1; update t set v = v + 5; insert into t values (3, 3);
        update t set v = 4 where id = 3; end $$";
    root.app.execute(change);
    assert_eq!(root.events(0), ["rec.P(1,2)", "rec.P(2,6)", "rec.P(1,7)", "rec.P(3,3)", "rec.P(3,4)"]);
    // a client's statement behind it would read the row, which row security forbids: what its trigger sees is told
    root.app.execute(
        "truncate pgq.event_1_0; begin; do $$ begin update t set v = 8 where id = 1; end $$; \
         update t set v = 9 where id = 1; commit",
    );
    assert_eq!(root.events(0), ["rec.P(1,8)", "rec.U(1,9)"]);
}
