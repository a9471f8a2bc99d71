//! Rows of the target that are not those that the changes expect, and tables that cannot be written.

use apply::{Applied, Applier, Error, OnConflict, Options};

use crate::edges::{counts, pair, same, step};

const TABLE: &str = "create table {s}.t (id int primary key, v text, u int unique)";
/// Ten rows on both sides; then the target loses row 2, and row 4, and gets a row 20.
const BEFORE: &str = "insert into src.t select g, 'a', g from generate_series(1, 10) g";
const LOCAL: &str = "delete from dst.t where id in (2, 4); insert into dst.t values (20, 'local', 20)";
/// A delete and an update that find no row, an insert that finds one, among others.
const CHANGES: &str = "delete from src.t where id in (1, 2); update src.t set v = 'b'; \
                       insert into src.t values (11, 'c', 11), (20, 'd', 20)";

fn applier(on_conflict: OnConflict) -> Applier {
    Applier::new(Options { on_conflict, ..Options::default() })
}

fn conflicts(applied: &Applied, table: &str) -> u64 {
    applied.conflicts.get(table).map_or(0, |conflicts| conflicts.count)
}

#[tokio::test]
async fn rows_that_were_changed_on_the_target_are_errors_by_default() {
    let (_cluster, source, target) = pair(TABLE, &[("t", "id")]).await;
    let mut applier = applier(OnConflict::Error);
    step(&source, &target, &mut applier, BEFORE).await.unwrap();
    target.batch_execute(LOCAL).await.unwrap();
    let error =
        step(&source, &target, &mut applier, "delete from src.t where id in (1, 2, 3)").await.unwrap_err();
    let named = matches!(&error, Error::RowMissing { op: "delete", key, .. } if key == "id=2");
    assert!(named, "{error}");
    let error = step(&source, &target, &mut applier, "update src.t set v = 'b'").await.unwrap_err();
    let named = matches!(&error, Error::RowMissing { op: "update", key, .. } if key == "id=4");
    assert!(named, "{error}");
    let sql = "insert into src.t values (19, '', 19), (20, 'secret', 200)";
    let error = step(&source, &target, &mut applier, sql).await.unwrap_err().to_string();
    assert!(error.contains("id=20") && error.contains("23505") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn by_policy_rows_become_what_the_source_has_and_conflicts_are_counted() {
    for on_conflict in [OnConflict::Warn, OnConflict::Apply] {
        let (_cluster, source, target) = pair(TABLE, &[("t", "id")]).await;
        let mut applier = applier(on_conflict);
        step(&source, &target, &mut applier, BEFORE).await.unwrap();
        target.batch_execute(LOCAL).await.unwrap();
        let applied = step(&source, &target, &mut applier, CHANGES).await.unwrap();
        same(&source, "t").await;
        assert_eq!(conflicts(&applied, "src.t"), 3, "{applied:?}");
        let last = applied.conflicts["src.t"].last.clone().unwrap();
        assert_eq!((last.op, last.key.as_str()), ("insert", "id=20"));
        // the same without a difference is none
        let applied = step(&source, &target, &mut applier, "update src.t set v = 'z'").await.unwrap();
        assert!(applied.conflicts.is_empty(), "{applied:?}");
        same(&source, "t").await;
    }
}

#[tokio::test]
async fn a_key_that_changes_and_rows_without_key_are_settled_too() {
    let tables = "create table {s}.t (id int primary key, v text); create table {s}.bare (a int, v text)";
    let (_cluster, source, target) = pair(tables, &[("t", "id"), ("bare", "")]).await;
    let mut applier = applier(OnConflict::Apply);
    let sql = "insert into src.t select g, 'a' from generate_series(1, 5) g; \
               insert into src.bare select g, 'a' from generate_series(1, 60) g";
    step(&source, &target, &mut applier, sql).await.unwrap();
    target
        .batch_execute("delete from dst.t where id = 2; delete from dst.bare where a in (7, 50)")
        .await
        .unwrap();
    let sql = "update src.t set id = 12 where id = 2; update src.bare set v = 'b' where a < 40; \
               delete from src.bare where a = 50";
    let applied = step(&source, &target, &mut applier, sql).await.unwrap();
    same(&source, "t").await;
    same(&source, "bare").await;
    assert_eq!((conflicts(&applied, "src.t"), conflicts(&applied, "src.bare")), (1, 2), "{applied:?}");
}

#[tokio::test]
async fn rows_that_a_cascade_has_taken_are_no_conflict() {
    let tables = "create table {s}.p (id int primary key); \
                  create table {s}.c (id int primary key, \
                      p int references {s}.p on delete cascade deferrable initially deferred)";
    let (_cluster, source, target) = pair(tables, &[("p", "id"), ("c", "id")]).await;
    let mut applier = applier(OnConflict::Error);
    let sql = "insert into src.p select generate_series(1, 9); \
               insert into src.c select g, g from generate_series(1, 9) g";
    step(&source, &target, &mut applier, sql).await.unwrap();
    let applied = step(&source, &target, &mut applier, "delete from src.p where id < 5").await.unwrap();
    assert!(applied.conflicts.is_empty(), "{applied:?}");
    same(&source, "p").await;
    same(&source, "c").await;
}

#[tokio::test]
async fn all_tables_that_fail_become_known_at_once_and_the_others_are_written() {
    let tables = "create table {s}.a (id int primary key, v int); create table {s}.b (id int primary key, v text); \
                  create table {s}.c (id int primary key, v int); create table {s}.d (id int primary key, v int)";
    let captured = [("a", "id"), ("b", "id"), ("c", "id"), ("d", "id")];
    let (_cluster, source, target) = pair(tables, &captured).await;
    let sql = "alter table dst.a add check (v < 5); drop table dst.c; alter table dst.d add check (v <> 3)";
    target.batch_execute(sql).await.unwrap();
    let options = Options { isolate: true, chunk_changes: 4, ..Options::default() };
    let mut applier = Applier::new(options);
    let sql = "insert into src.b select g, 'x' from generate_series(1, 9) g; \
               insert into src.a select g, g from generate_series(1, 9) g; \
               insert into src.c select g, g from generate_series(1, 9) g; \
               insert into src.d select g, g from generate_series(1, 9) g; \
               insert into src.b select g, 'x' from generate_series(10, 19) g";
    step(&source, &target, &mut applier, sql).await.unwrap();
    let failed: Vec<_> =
        applier.failures().into_iter().map(|failure| (failure.table.to_string(), failure.error)).collect();
    let names: Vec<&str> = failed.iter().map(|(table, _)| table.as_str()).collect();
    assert_eq!(names, ["src.a", "src.c", "src.d"]);
    assert!(failed.iter().all(|(_, error)| error.is_of_its_table()), "{failed:?}");
    same(&source, "b").await;
    assert_eq!(counts(&Applied::default(), "src.b").changes, 0);
}
