//! Chunks that are gathered and planned while the target works on the one before.

use std::time::Duration;

use apply::{Applier, Change, Decoded, Decoder, Options};
use tokio_postgres::Client;

use crate::capture::events;
use crate::edges::{counts, pair, same, step};

const TABLES: &str =
    "create table {s}.a (id int primary key, v int); create table {s}.b (id int primary key, v int)";
const CAPTURED: &[(&str, &str)] = &[("a", "id"), ("b", "id")];
const ROWS: &str =
    "insert into src.a select g, 0 from generate_series(1, 40) g; insert into src.b select * from src.a";

/// What `sql` changes on the source.
async fn changes(source: &Client, sql: &str) -> Vec<Change> {
    let last = "select coalesce(max(ev_id), 0) from public.event";
    let before: i64 = source.query_one(last, &[]).await.unwrap().get(0);
    source.batch_execute(sql).await.unwrap();
    let mut decoder = Decoder::new();
    let change = |event| match decoder.decode(event).unwrap() {
        Decoded::Change(change) => change,
        other => panic!("{other:?}"),
    };
    events(source, before).await.iter().map(change).collect()
}

#[tokio::test]
async fn the_next_chunk_is_gathered_while_the_target_is_at_work() {
    let (cluster, source, target) = pair(TABLES, CAPTURED).await;
    let mut applier = Applier::new(Options { chunk_changes: 10, ..Options::default() });
    step(&source, &target, &mut applier, ROWS).await.unwrap();
    let changes = changes(&source, "update src.a set v = id; update src.a set v = -v where id < 10").await;

    let other = cluster.connect().await;
    other.batch_execute("begin; select from dst.a where id = 3 for update").await.unwrap();
    apply::begin(&target, pg::Limits::default()).await.unwrap();
    let tables = [std::sync::Arc::from("src.a")];
    applier.look_ahead(&target, &tables).await.unwrap();
    let mut writing = applier.writing(&target);
    let mut changes = changes.into_iter();
    // one chunk waits for the row, the next one is short of one change
    for change in changes.by_ref().take(19) {
        let pushed = tokio::time::timeout(Duration::from_secs(60), writing.push(change)).await;
        pushed.expect("a chunk that is on its way keeps nobody waiting").unwrap();
    }
    other.batch_execute("commit").await.unwrap();
    for change in changes {
        writing.push(change).await.unwrap();
    }
    assert_eq!(counts(&writing.finish().await.unwrap(), "src.a").updated, 49);
    target.batch_execute("commit").await.unwrap();
    same(&source, "a").await;
}

#[tokio::test]
async fn what_is_planned_behind_a_chunk_that_fails_is_planned_anew() {
    let (_cluster, source, target) = pair(TABLES, CAPTURED).await;
    let options = Options { chunk_changes: 4, isolate: true, ..Options::default() };
    let mut applier = Applier::new(options);
    step(&source, &target, &mut applier, ROWS).await.unwrap();
    target.batch_execute("create unique index on dst.a (v) where v > 0").await.unwrap();
    // 1 and 2 take each other's values over three chunks; b has something in each of them
    let swap = "update src.a set v = id where id < 3; update src.b set v = 1 where id < 3; \
                update src.a set v = -1 where id = 1; update src.a set v = 1 where id = 2; \
                update src.a set v = 2 where id = 1; update src.b set v = 2 where id in (2, 3); \
                update src.b set v = 3 where id in (3, 4, 5)";
    step(&source, &target, &mut applier, swap).await.unwrap();
    assert!(applier.failures().is_empty());
    same(&source, "a").await;
    same(&source, "b").await;

    // a fails in the first chunk, and is in those behind it as well
    target.batch_execute("alter table dst.a add check (v <> 77)").await.unwrap();
    let changes = changes(
        &source,
        "update src.a set v = 77 where id = 9; update src.b set v = 9 where id < 6; \
         update src.a set v = -v where id < 5; update src.b set v = -9 where id < 9",
    );
    let changes = changes.await;
    apply::begin(&target, pg::Limits::default()).await.unwrap();
    let mut writing = applier.writing(&target);
    for change in changes {
        writing.push(change).await.unwrap();
    }
    let applied = writing.finish().await.unwrap();
    assert_eq!(counts(&applied, "src.b").updated, 13);
    let failures = applier.failures();
    let failed: Vec<String> = failures.iter().map(|failure| failure.error.to_string()).collect();
    assert!(
        matches!(failed.as_slice(), [one] if one.contains("dst.a") && one.contains("id=9")),
        "{failed:?}"
    );
    target.batch_execute("commit").await.unwrap();
    same(&source, "b").await;
}
