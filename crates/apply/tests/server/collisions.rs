//! Rows that take values of unique columns from each other in an order in which they cannot be written one by one.

use apply::{Applied, Applier, Error, OnConflict, Options};
use tokio_postgres::Client;

use crate::capture::{events, replay};
use crate::edges::{counts, pair, same};

/// Forty rows; their unique column is checked on the target only.
const TABLE: &str = "create table {s}.t (id int primary key, u int, v text)";
const ROWS: &str = "insert into src.t select g, g, 'a' from generate_series(1, 40) g";

async fn written(
    target: &Client,
    applier: &mut Applier,
    source: &Client,
    after: i64,
) -> apply::Result<Applied> {
    let done = replay(target, applier, &events(source, after).await).await;
    if done.is_err() {
        target.batch_execute("rollback").await.unwrap();
        applier.reset();
    }
    done
}

async fn last_event(source: &Client) -> i64 {
    source.query_one("select coalesce(max(ev_id), 0) from public.event", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn values_that_move_across_chunks_arrive_once_they_are_gathered() {
    let (_cluster, source, target) = pair(TABLE, &[("t", "id")]).await;
    let mut applier = Applier::new(Options { chunk_changes: 7, ..Options::default() });
    source.batch_execute(ROWS).await.unwrap();
    written(&target, &mut applier, &source, 0).await.unwrap();
    target.batch_execute("create unique index on dst.t (u)").await.unwrap();
    for sql in [
        "update src.t set u = u % 40 + 1",
        "update src.t set u = 41 - u, v = 'b'; delete from src.t where id = 7; \
         insert into src.t values (50, 33, 'new')",
        "update src.t set id = 100 - id, u = u % 40 + 1; insert into src.t values (1, 99, 'back')",
        "delete from src.t where id > 80; update src.t set u = 200 - u; truncate src.t; \
         insert into src.t values (1, 1, 'x'), (2, 2, 'y')",
    ] {
        let before = last_event(&source).await;
        source.batch_execute(sql).await.unwrap();
        let error = written(&target, &mut applier, &source, before).await;
        if let Err(error) = error {
            assert!(error.is_collision(), "{error}");
            assert!(applier.gather(&target, "src.t").await.unwrap());
            assert!(!applier.gather(&target, "src.t").await.unwrap());
            let applied = written(&target, &mut applier, &source, before).await.unwrap();
            assert!(counts(&applied, "src.t").changes > 2 && applied.conflicts.is_empty(), "{applied:?}");
            applier.gather_no_more();
        }
        same(&source, "t").await;
    }
}

#[tokio::test]
async fn conflicts_are_found_among_gathered_rows_too() {
    for on_conflict in [OnConflict::Error, OnConflict::Apply] {
        let (_cluster, source, target) = pair(TABLE, &[("t", "id")]).await;
        let mut applier = Applier::new(Options { on_conflict, ..Options::default() });
        source.batch_execute(ROWS).await.unwrap();
        written(&target, &mut applier, &source, 0).await.unwrap();
        let local = "delete from dst.t where id = 3; insert into dst.t values (60, 60, 'local')";
        target.batch_execute(local).await.unwrap();
        assert!(applier.gather(&target, "src.t").await.unwrap());
        let before = last_event(&source).await;
        source.batch_execute("update src.t set v = 'b' where id < 9").await.unwrap();
        source.batch_execute("insert into src.t values (60, 1000, 'secret')").await.unwrap();
        let done = written(&target, &mut applier, &source, before).await;
        if on_conflict == OnConflict::Error {
            let error = done.unwrap_err();
            let named = matches!(&error, Error::RowMissing { op: "update", key, .. } if key == "id=3");
            assert!(named, "{error}");
        } else {
            assert_eq!(done.unwrap().conflicts["src.t"].count, 2);
            same(&source, "t").await;
        }
    }
}

#[tokio::test]
async fn rows_that_an_action_would_take_along_are_not_gathered() {
    let tables = "create table {s}.p (id int primary key, u int); \
                  create table {s}.c (id int primary key, p int references {s}.p on delete cascade)";
    let (_cluster, source, target) = pair(tables, &[("p", "id"), ("c", "id")]).await;
    let mut applier = Applier::new(Options::default());
    source.batch_execute("insert into src.p values (1, 1); insert into src.c values (1, 1)").await.unwrap();
    written(&target, &mut applier, &source, 0).await.unwrap();
    assert!(!applier.gather(&target, "src.p").await.unwrap());
    assert!(applier.gather(&target, "src.c").await.unwrap());
}

#[tokio::test]
async fn generated_identity_and_excluded_columns_are_written() {
    let tables = "create table {s}.t (id int generated always as identity primary key, n int, \
                  twice int generated always as (n * 2) stored, \
                  span int4range, exclude using gist (span with &&))";
    let (_cluster, source, target) = pair(tables, &[("t", "id")]).await;
    let mut applier = Applier::new(Options { chunk_changes: 5, ..Options::default() });
    for sql in [
        "insert into src.t (n, span) select g, int4range(g * 10, g * 10 + 10) from generate_series(1, 20) g",
        "update src.t set n = n + 1; delete from src.t where id in (3, 4)",
        "update src.t set span = 'empty' where id = 1; update src.t set span = int4range(10, 20) where id = 2; \
         update src.t set span = int4range(20, 30) where id = 1",
    ] {
        let before = last_event(&source).await;
        source.batch_execute(sql).await.unwrap();
        written(&target, &mut applier, &source, before).await.unwrap();
        same(&source, "t").await;
    }
}
