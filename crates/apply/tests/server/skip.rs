//! `on_conflict = skip`: updates and deletes of rows that are not there pass, and are counted.

use apply::{Applied, Applier, Error, OnConflict, Options};
use pgq::Event;
use tokio_postgres::Client;

use crate::capture::{events, replay, rows};
use crate::edges::{pair, same, step};

const TABLES: &str =
    "create table {s}.t (id int primary key, v text, u int unique); create table {s}.bare (a int, v text);
    create table {s}.late (id int primary key deferrable, v text)";
const CAPTURED: &[(&str, &str)] = &[("t", "id"), ("bare", ""), ("late", "")];
const BEFORE: &str = "insert into src.t select g, 'a', g from generate_series(1, 50) g;
    insert into src.bare select g, 'a' from generate_series(1, 50) g;
    insert into src.late select g, 'a' from generate_series(1, 50) g";
/// What users do who purge old rows on the target.
const PURGE: &str = "delete from dst.t where id <= 10; delete from dst.bare where a <= 10; \
                     delete from dst.late where id <= 10";
/// Per table: 10 updates, one that gives another key and a later one of that row, a delete and a new row of its key,
/// and 5 deletes, all of rows
/// that are gone; and some of others.
const CHANGES: &str = "update src.# set v = 'b' where @ between 1 and 12;
    update src.# set @ = @ + 100 where @ in (1, 20);
    update src.# set v = 'c' where @ in (101, 120); delete from src.# where @ = 2;
    insert into src.# (@, v) values (2, 'new');
    delete from src.# where @ between 4 and 8; delete from src.# where @ = 30";
const FOUND: u64 = 10 + 1 + 1 + 1 + 5;

fn changes() -> String {
    let of = |(table, key): (&str, &str)| CHANGES.replace('#', table).replace('@', key);
    [("t", "id"), ("bare", "a"), ("late", "id")].map(of).join(";")
}

fn applier(chunk: usize) -> Applier {
    Applier::new(Options { on_conflict: OnConflict::Skip, chunk_changes: chunk, ..Options::default() })
}

async fn written(target: &Client, applier: &mut Applier, events: &[Event]) -> apply::Result<Applied> {
    loop {
        let done = replay(target, applier, events).await;
        let Err(error) = &done else { return done };
        target.batch_execute("rollback").await.unwrap();
        applier.reset();
        let table = error.table().unwrap_or_default().replace("dst.", "src.");
        if !error.is_collision() || !applier.gather(target, &table).await.unwrap() {
            return done;
        }
    }
}

async fn last_event(source: &Client) -> i64 {
    source.query_one("select coalesce(max(ev_id), 0) from public.event", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn rows_that_are_gone_stay_gone_in_every_way_of_writing() {
    let (_cluster, source, target) = pair(TABLES, CAPTURED).await;
    for (chunk, gathered) in [(20_000, false), (1, false), (7, false), (20_000, true), (5, true)] {
        let mut applier = applier(chunk);
        step(&source, &target, &mut applier, "truncate src.t; truncate src.bare; truncate src.late")
            .await
            .unwrap();
        step(&source, &target, &mut applier, BEFORE).await.unwrap();
        target.batch_execute(PURGE).await.unwrap();
        if gathered {
            for table in ["src.t", "src.late"] {
                assert!(applier.gather(&target, table).await.unwrap());
            }
        }
        let before = last_event(&source).await;
        source.batch_execute(&changes()).await.unwrap();
        let applied = written(&target, &mut applier, &events(&source, before).await).await.unwrap();
        for (table, key) in [("t", "id"), ("bare", "a"), ("late", "id")] {
            let found = applied.conflicts.get(&*format!("src.{table}")).map_or(0, |found| found.count);
            assert_eq!(found, FOUND, "{table}, chunks of {chunk}, gathered {gathered}: {applied:?}");
            source
                .batch_execute(&format!("delete from src.{table} where {key} in (3, 9, 10, 101)"))
                .await
                .unwrap();
            same(&source, table).await;
        }
    }
}

#[tokio::test]
async fn an_insert_that_finds_its_key_taken_is_no_row_to_skip() {
    let (_cluster, source, target) = pair(TABLES, CAPTURED).await;
    let mut applier = applier(20_000);
    step(&source, &target, &mut applier, BEFORE).await.unwrap();
    target
        .batch_execute("delete from dst.t where id = 1; insert into dst.t values (60, 'local', 60)")
        .await
        .unwrap();
    let sql = "update src.t set v = 'b' where id = 1; insert into src.t values (60, 'mine', 61)";
    let before = last_event(&source).await;
    source.batch_execute(sql).await.unwrap();
    let error = written(&target, &mut applier, &events(&source, before).await).await.unwrap_err();
    assert!(matches!(&error, Error::KeyTaken { key, .. } if key == "id=60"), "{error}");
    assert_eq!(rows(&source, "dst.t").await.iter().filter(|row| row.contains("local")).count(), 1);
}

#[tokio::test]
async fn updates_that_leave_values_out_pass_too() {
    let tables = "create table {s}.l (id int primary key, n int, v text)";
    for gathered in [false, true] {
        let (_cluster, source, target) = pair(tables, &[("l", "id")]).await;
        let mut applier = applier(20_000);
        step(
            &source,
            &target,
            &mut applier,
            "insert into src.l select g, g, 'large' from generate_series(1, 3) g",
        )
        .await
        .unwrap();
        target.batch_execute("delete from dst.l where id = 1").await.unwrap();
        if gathered {
            assert!(applier.gather(&target, "src.l").await.unwrap());
        }
        let shape = r#"{"columns": [["id", "x"], ["n", "x"], ["v", "x"]], "key": ["id"]}"#;
        let light = |id: i64, data: &str| Event {
            id: 1000 + id,
            txid: 1,
            kind: "rec.L".to_owned(),
            data: Some(data.to_owned()),
            extra1: Some("src.l".to_owned()),
            extra3: Some(shape.to_owned()),
            extra4: Some(r#"["v"]"#.to_owned()),
            ..Event::default()
        };
        let events = [light(1, "(1,7,)"), light(2, "(2,7,)"), light(3, "(1,8,)")];
        let applied = written(&target, &mut applier, &events).await.unwrap();
        assert_eq!(applied.conflicts["src.l"].count, 2, "{applied:?}");
        assert_eq!(rows(&source, "dst.l").await, ["(2,7,large)", "(3,3,large)"]);
    }
}
