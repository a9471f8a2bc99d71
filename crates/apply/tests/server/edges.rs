//! What happens where source and target differ, or the way to the last state is not straight.

use apply::{Applied, Applier, Decoder, Error, Options, TableCounts};
use pgq::Event;
use tokio_postgres::Client;

use crate::capture::{capture, events, install, replay, rows};
use crate::cluster::Cluster;

/// A cluster with the same tables in schemas `src` (captured) and `dst`, and a session on the target.
pub(crate) async fn pair(tables: &str, captured: &[(&str, &str)]) -> (Cluster, Client, Client) {
    let cluster = Cluster::start().await;
    let client = cluster.connect().await;
    install(&client).await;
    for schema in ["src", "dst"] {
        client.batch_execute(&tables.replace("{s}", schema)).await.unwrap();
    }
    for (table, key) in captured {
        capture(&client, table, key).await;
    }
    let target = cluster.connect().await;
    apply::pin_session(&target).await.unwrap();
    (cluster, client, target)
}

pub(crate) fn counts(applied: &Applied, table: &str) -> TableCounts {
    applied.tables.get(table).copied().unwrap_or_default()
}

/// Replays what `sql` does on the source, which is told from earlier events by their last number.
pub(crate) async fn step(
    source: &Client,
    target: &Client,
    applier: &mut Applier,
    sql: &str,
) -> apply::Result<Applied> {
    let last = "select coalesce(max(ev_id), 0) from public.event";
    let before: i64 = source.query_one(last, &[]).await.unwrap().get(0);
    source.batch_execute(sql).await.unwrap();
    let done = replay(target, applier, &events(source, before).await).await;
    if done.is_err() {
        target.batch_execute("rollback").await.unwrap();
        applier.reset();
    }
    done
}

pub(crate) async fn same(client: &Client, table: &str) {
    assert_eq!(
        rows(client, &format!("src.{table}")).await,
        rows(client, &format!("dst.{table}")).await,
        "{table}"
    );
}

#[tokio::test]
async fn counts_tell_what_was_written() {
    let (_cluster, source, target) =
        pair("create table {s}.t (id int primary key, v text)", &[("t", "id")]).await;
    let mut applier = Applier::new(Options { on_conflict: apply::OnConflict::Apply, ..Options::default() });
    let sql = "insert into src.t select g, 'a' from generate_series(1, 10) g; \
               delete from src.t where id = 1; update src.t set v = 'b'";
    let applied = step(&source, &target, &mut applier, sql).await.unwrap();
    let expected = TableCounts { changes: 20, inserted: 9, ..TableCounts::default() };
    assert_eq!(counts(&applied, "src.t"), expected);
    target.batch_execute("delete from dst.t where id = 2").await.unwrap();
    let sql = "delete from src.t where id < 5; update src.t set v = 'c' where id = 7; \
               insert into src.t values (11, '')";
    let applied = step(&source, &target, &mut applier, sql).await.unwrap();
    let expected = TableCounts { changes: 5, inserted: 1, updated: 1, deleted: 2, missing: 1, truncated: 0 };
    assert_eq!(counts(&applied, "src.t"), expected);
    same(&source, "t").await;
}

#[tokio::test]
async fn a_missing_row_is_named_by_its_key_only() {
    let tables = "create table {s}.t (id int primary key, v text); create table {s}.bare (a int, v text)";
    let (_cluster, source, target) = pair(tables, &[("t", "id"), ("bare", "")]).await;
    let mut applier = Applier::new(Options::default());
    let sql = "insert into src.t select g, 'a' from generate_series(1, 10) g; \
               insert into src.bare select g, 'secret' from generate_series(1, 50) g";
    step(&source, &target, &mut applier, sql).await.unwrap();
    target.batch_execute("delete from dst.t where id = 6; delete from dst.bare where a = 7").await.unwrap();

    let error = step(&source, &target, &mut applier, "update src.t set v = 'secret'").await.unwrap_err();
    let message = error.to_string();
    assert!(matches!(&error, Error::RowMissing { key, .. } if key == "id=6"), "{message}");
    assert!(
        message.contains("dst.t") && message.contains("event 66") && !message.contains("secret"),
        "{message}"
    );
    target.batch_execute("insert into dst.t values (6, 'secret')").await.unwrap();

    let error = step(&source, &target, &mut applier, "update src.bare set v = 'x'").await.unwrap_err();
    let message = error.to_string();
    assert!(matches!(&error, Error::RowMissing { .. }) && !message.contains("secret"), "{message}");
    let first: i64 = source.query_one("select max(ev_id) from public.event", &[]).await.unwrap().get(0);
    assert!(message.contains(&format!("event {}", first - 43)), "{message}");
}

#[tokio::test]
async fn unique_values_that_change_hands_arrive() {
    let tables = "create table {s}.t (id int primary key, email text unique)";
    let (_cluster, source, target) = pair(tables, &[("t", "id")]).await;
    let mut applier = Applier::new(Options::default());
    step(&source, &target, &mut applier, "insert into src.t select g, 'm' || g from generate_series(1, 5) g")
        .await
        .unwrap();
    let swap = "update src.t set email = 'x' where id = 1; update src.t set email = 'm1' where id = 2; \
                update src.t set email = 'm2' where id = 1";
    let applied = step(&source, &target, &mut applier, swap).await.unwrap();
    assert_eq!(counts(&applied, "src.t").updated, 3, "written in order after the collision");
    same(&source, "t").await;
    let hand_over = "delete from src.t where id = 3; insert into src.t values (6, 'm3')";
    step(&source, &target, &mut applier, hand_over).await.unwrap();
    same(&source, "t").await;
}

#[tokio::test]
async fn foreign_keys_that_are_not_deferrable_yet_hold_nothing_up() {
    let tables = "create table {s}.a (id int primary key);
                  create table {s}.b (id int primary key, a int references {s}.a);
                  create table {s}.c (id int primary key, b int references {s}.b)";
    let (_cluster, source, target) = pair(tables, &[("a", "id"), ("b", "id"), ("c", "id")]).await;
    let mut applier = Applier::new(Options::default());
    let sql =
        "insert into src.a values (1), (2); insert into src.b values (1, 1); insert into src.c values (1, 1);
         insert into src.b values (2, 2); update src.c set b = 2; delete from src.b where id = 1;
         delete from src.a where id = 1";
    step(&source, &target, &mut applier, sql).await.unwrap();
    let sql = "update src.b set a = null; delete from src.a; insert into src.a values (2); \
               update src.b set a = 2; delete from src.c; delete from src.b";
    step(&source, &target, &mut applier, sql).await.unwrap();
    for table in ["a", "b", "c"] {
        same(&source, table).await;
    }
}

#[tokio::test]
async fn columns_of_one_side_are_left_out_and_changes_of_the_tables_are_noticed() {
    let (_cluster, source, target) =
        pair("create table {s}.t (id int primary key, v text)", &[("t", "id")]).await;
    let mut applier =
        Applier::new(Options { missing_columns: apply::MissingColumns::Skip, ..Options::default() });
    step(&source, &target, &mut applier, "insert into src.t values (1, 'a')").await.unwrap();
    target.batch_execute("alter table dst.t add own text default 'mine'").await.unwrap();
    step(
        &source,
        &target,
        &mut applier,
        "alter table src.t add n int default 5; insert into src.t values (2, 'b', 6)",
    )
    .await
    .unwrap();
    assert_eq!(rows(&source, "dst.t").await, ["(1,a,mine)", "(2,b,mine)"]);
    // the column comes later than the shape that has it
    target.batch_execute("alter table dst.t add n int default 5").await.unwrap();
    step(&source, &target, &mut applier, "update src.t set n = 8, v = 'c' where id = 2").await.unwrap();
    target.batch_execute("alter table dst.t drop own").await.unwrap();
    same(&source, "t").await;
    step(&source, &target, &mut applier, "alter table src.t drop v; update src.t set n = 9 where id = 1")
        .await
        .unwrap();
    assert_eq!(rows(&source, "dst.t").await, ["(1,a,9)", "(2,c,8)"]);
    target
        .batch_execute("drop table dst.t; create table dst.t (n text, id bigint primary key)")
        .await
        .unwrap();
    step(&source, &target, &mut applier, "insert into src.t values (3, 1)").await.unwrap();
    assert_eq!(rows(&source, "dst.t").await, ["(1,3)"]);
    target.batch_execute("drop table dst.t").await.unwrap();
    let error = step(&source, &target, &mut applier, "insert into src.t values (4, 1)").await.unwrap_err();
    assert!(matches!(&error, Error::TableMissing { table, .. } if table == "dst.t"), "{error}");
}

#[tokio::test]
async fn rows_without_a_common_column_are_counted_and_keys_have_to_be_common() {
    let (_cluster, source, target) = pair("create table {s}.t (a int, b int)", &[("t", "")]).await;
    target.batch_execute("drop table dst.t; create table dst.t (own int default 5)").await.unwrap();
    let mut applier =
        Applier::new(Options { missing_columns: apply::MissingColumns::Skip, ..Options::default() });
    step(&source, &target, &mut applier, "insert into src.t select 1, 2 from generate_series(1, 3)")
        .await
        .unwrap();
    assert_eq!(rows(&source, "dst.t").await, ["(5)", "(5)", "(5)"]);

    let keyed = "create table src.k (id int primary key, v text); create table dst.k (v text)";
    source.batch_execute(keyed).await.unwrap();
    capture(&source, "k", "id").await;
    let error = step(&source, &target, &mut applier, "insert into src.k values (1, 'a')").await.unwrap_err();
    assert!(matches!(&error, Error::KeyColumnMissing { column, .. } if column == "id"), "{error}");
}

#[tokio::test]
async fn a_truncated_table_may_have_checks_waiting() {
    let tables = "create table {s}.a (id int primary key); \
                  create table {s}.b (id int primary key, a int references {s}.a deferrable initially deferred)";
    let (_cluster, source, target) = pair(tables, &[("a", "id"), ("b", "id")]).await;
    let mut applier = Applier::new(Options::default());
    let sql = "begin; insert into src.a values (1); insert into src.b values (1, 1); commit; truncate src.a cascade;
               begin; insert into src.a values (2); insert into src.b values (3, 2); commit";
    let applied = step(&source, &target, &mut applier, sql).await.unwrap();
    assert_eq!(counts(&applied, "src.b").truncated, 1);
    for table in ["a", "b"] {
        same(&source, table).await;
    }
}

#[tokio::test]
async fn inheritance_children_are_tables_of_their_own() {
    let tables = "create table {s}.p (id int primary key, v text); \
                  create table {s}.c (primary key (id)) inherits ({s}.p)";
    let (_cluster, source, target) = pair(tables, &[("p", "id"), ("c", "id")]).await;
    let mut applier = Applier::new(Options::default());
    step(
        &source,
        &target,
        &mut applier,
        "insert into src.p values (1, 'p'); insert into src.c values (1, 'c'), (2, 'c')",
    )
    .await
    .unwrap();
    let sql = "update only src.p set v = 'q'; delete from src.c where id = 2; truncate only src.p; \
               insert into src.p values (9, 'r')";
    step(&source, &target, &mut applier, sql).await.unwrap();
    assert_eq!(rows(&source, "only dst.p").await, ["(9,r)"]);
    assert_eq!(rows(&source, "dst.c").await, ["(1,c)"]);
}

#[tokio::test]
async fn quoted_names_and_operators_outside_the_search_path() {
    let cluster = Cluster::start().await;
    let client = cluster.connect().await;
    install(&client).await;
    let sql = r#"create schema ext; create extension citext schema ext; alter schema dst rename to "D s";
        create table src.t ("Key" ext.citext primary key, "a ""b" text);
        create table "D s"."My.T" ("Key" ext.citext primary key, "a ""b" text)"#;
    client.batch_execute(sql).await.unwrap();
    capture(&client, "t", "Key").await;
    client
        .batch_execute(
            "insert into src.t values ('Foo', 'x'), ('bar', 'y'); \
             update src.t set \"a \"\"b\" = 'z' where true",
        )
        .await
        .unwrap();
    client
        .batch_execute("update src.t set \"Key\" = 'FOO' where \"a \"\"b\" = 'z' and \"Key\"::text = 'Foo'")
        .await
        .unwrap();
    let mut decoder = Decoder::new();
    let mut applier = Applier::new(Options::default());
    applier.set_dest("src.t", "D s.My.T");
    apply::begin(&client, pg::Limits::default()).await.unwrap();
    let mut writing = applier.writing(&client);
    for event in events(&client, 0).await {
        let apply::Decoded::Change(change) = decoder.decode(&event).unwrap() else { panic!() };
        writing.push(change).await.unwrap();
    }
    writing.finish().await.unwrap();
    client.batch_execute("commit").await.unwrap();
    assert_eq!(rows(&client, "src.t").await, rows(&client, "\"D s\".\"My.T\"").await);
}

fn stock(id: i64, kind: &str, data: &str) -> Event {
    Event {
        id,
        kind: kind.to_owned(),
        data: Some(data.to_owned()),
        extra1: Some("src.t".to_owned()),
        ..Event::default()
    }
}

#[tokio::test]
async fn stock_events_are_written_and_may_be_mixed() {
    let tables = "create table {s}.t (id int, part text, name text, price numeric(10,2), ok boolean, \
                      primary key (id, part))";
    let (_cluster, _source, target) = pair(tables, &[]).await;
    let json = |op: &str| format!(r#"{{"op":"{op}","table":["src","t"],"pkey":["id","part"]}}"#);
    let batch = [
        stock(1, "I:id,part", "id=1&part=a+b&name=O%27Neil&price=9.50&ok=t"),
        stock(2, "I", "(id,part,name,price,ok) values ('2','c','n','1',NULL)"),
        stock(3, &json("INSERT"), r#"{"id":3,"part":"d","name":null,"price":"7.25","ok":false}"#),
        stock(4, "U", "name=NULL,ok='f' where id='1' and part='a b'"),
        stock(5, &json("UPDATE"), r#"{"id":2,"part":"c","name":"m","price":"2.00","ok":true}"#),
        stock(6, "U", "price='8' where id='2' and part='c'"),
        stock(7, "D", "id='3' and part='d'"),
        stock(8, "I", "(id,part) values ('3','d')"),
        stock(9, "U:id,part", "id=3&part=d&name=again&price&ok"),
    ];
    for chunk_changes in [1, 2, 20_000] {
        let mut applier = Applier::new(Options { chunk_changes, ..Options::default() });
        let applied = replay(&target, &mut applier, &batch).await.unwrap();
        assert_eq!(counts(&applied, "src.t").changes, 9);
        let expected = ["(1,\"a b\",,9.50,f)", "(2,c,m,8.00,t)", "(3,d,again,,)"];
        assert_eq!(rows(&target, "dst.t").await, expected);
        replay(&target, &mut applier, &[stock(10, "R", "")]).await.unwrap();
        assert_eq!(rows(&target, "dst.t").await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_row_that_comes_back_has_the_number_it_got() {
    let table = "create table {s}.t (id int primary key, v text, number bigint generated always as identity)";
    let (_cluster, source, target) = pair(table, &[("t", "id")]).await;
    let mut applier = Applier::new(Options::default());
    let fill = "insert into src.t (id) select g from generate_series(1, 5) g";
    step(&source, &target, &mut applier, fill).await.unwrap();
    let again = "begin; update src.t set v = 'x' where id = 2; delete from src.t where id = 2; \
                 insert into src.t (id) values (2); commit";
    step(&source, &target, &mut applier, again).await.unwrap();
    same(&source, "t").await;
}

#[tokio::test]
async fn keys_change_hands_around_rows_that_keep_theirs() {
    let table = "create table {s}.t (id int primary key deferrable, v text)";
    let (_cluster, source, target) = pair(table, &[("t", "id")]).await;
    let mut applier = Applier::new(Options::default());
    for sql in [
        "insert into src.t select g, 'v' || g % 3 from generate_series(1, 9) g",
        "update src.t set id = 10 - id",
        "update src.t set id = case id when 1 then 9 when 9 then 1 else id end, v = v || '+'",
        "begin; update src.t set v = 'x' where id = 5; update src.t set id = id + 1; \
         update src.t set v = 'y' where id = 6; commit",
        "begin; update src.t set id = 20 where id = 4; update src.t set id = id + 1; \
         update src.t set v = 'z' where id = 21; commit",
    ] {
        step(&source, &target, &mut applier, sql).await.unwrap();
        same(&source, "t").await;
    }
}

#[tokio::test]
async fn what_a_key_has_now_is_put_there_or_taken_away() {
    let tables = "create table {s}.t (id int primary key, v text); \
                  create table {s}.k (id int generated always as identity primary key)";
    let (_cluster, _source, target) = pair(tables, &[("t", "id"), ("k", "id")]).await;
    let mut applier = Applier::new(Options::default());
    target.batch_execute("insert into dst.t values (1, 'old'), (3, 'old')").await.unwrap();
    let t = r#"{"columns": [["id", "x"], ["v", "x"]], "key": ["id"]}"#;
    let k = r#"{"columns": [["id", "x"]], "key": ["id"]}"#;
    let event = |id: i64, table: &str, kind: &str, data: Option<&str>, old: Option<&str>| Event {
        id,
        txid: 1,
        kind: kind.to_owned(),
        data: data.map(str::to_owned),
        extra1: Some(format!("src.{table}")),
        extra2: old.map(str::to_owned),
        extra3: Some(if table == "t" { t } else { k }.to_owned()),
        ..Event::default()
    };
    let events = [
        event(1, "t", "rec.P", Some("(1,a)"), None),
        event(2, "t", "rec.P", Some("(2,a)"), None),
        event(3, "t", "rec.P", None, Some("(3,x)")),
        event(4, "t", "rec.P", None, Some("(4,x)")),
        event(5, "t", "rec.U", Some("(2,b)"), None),
        event(6, "t", "rec.P", Some("(5,a)"), None),
        event(7, "t", "rec.P", None, Some("(5,a)")),
        event(8, "k", "rec.P", Some("(7)"), None),
    ];
    let applied = replay(&target, &mut applier, &events).await.unwrap();
    let expected = TableCounts { changes: 7, inserted: 1, updated: 1, deleted: 1, missing: 2, truncated: 0 };
    assert_eq!(counts(&applied, "src.t"), expected);
    assert_eq!(rows(&target, "dst.t").await, ["(1,a)", "(2,b)"]);
    // and in event order, which a row that is already there enforces
    let events = [
        event(11, "t", "rec.P", Some("(1,c)"), None),
        event(12, "t", "rec.P", None, Some("(2,b)")),
        event(13, "t", "rec.U", Some("(9,c)"), Some("(1,c)")),
        event(14, "t", "rec.P", Some("(9,d)"), None),
        event(15, "k", "rec.P", Some("(7)"), None),
    ];
    replay(&target, &mut applier, &events).await.unwrap();
    assert_eq!(rows(&target, "dst.t").await, ["(9,d)"]);
    assert_eq!(rows(&target, "dst.k").await, ["(7)"]);
}
