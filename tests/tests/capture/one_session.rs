//! What a session has planned once is not what it does later: rotation, demotion, settings and definitions change under it.
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
             update t set v = 32 where id = 1; set local session_replication_role = local; update t set v = 33 where id = 1; commit",
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
    root.app.execute("select pgq_node.register_location('q', 'n', 'x', false); select pgq_node.register_location('q', 'm', 'x', false)");
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
        "with d as (delete from t where id = 3 returning id), i as (insert into t values (20, 1)) update t set v = 1 where id in (4, 5)",
        "with u as (update t set v = 2 where id = 4 returning id) update t set v = 3 where id in (4, 5)",
        "with d as (delete from t where id = 6 returning *), u as (update t set v = 4 where id = 7) insert into t select id, 5 from d",
        "with u as (update t set v = 6 where id = 8 returning *) delete from t using u where t.id = 9 or t.id = u.id",
    ] {
        session.batch_execute(statement).unwrap();
    }
    if root.cluster.major() >= 15 {
        session
            .batch_execute(
                "merge into t using (values (4, 7), (5, 8), (30, 9)) n (id, v) on t.id = n.id
                  when matched and n.id = 4 then delete when matched then update set v = n.v when not matched then insert values (n.id, n.v)",
            )
            .unwrap();
    }
    // replayed one by one, the last word on each key is the table's own
    root.app.execute(
        "do $$ declare e record; r t; begin
             for e in select ev_type, ev_data, ev_extra2 from pgq.event_1_0 order by ev_id loop
                 r := coalesce(e.ev_data, e.ev_extra2)::t;
                 delete from copy where id = r.id;
                 if e.ev_type <> 'rec.D' and e.ev_data is not null then insert into copy values (r.*); end if;
             end loop; end $$",
    );
    let differ = "select count(*) from (table t except all table copy) a full join (table copy except all table t) b on true";
    assert_eq!(root.app.number(differ), 0, "{:?}", root.events(0));
}
