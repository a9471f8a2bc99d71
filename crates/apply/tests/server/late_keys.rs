//! Keys that identify a row only when the transaction ends, since their check is deferred: the source tells whole rows.

use apply::{Applied, Applier, Error, OnConflict, Options};
use tokio_postgres::Client;

use crate::capture::{events, replay, rows};
use crate::edges::{pair, same};

const TABLE: &str = "create table {s}.kp (id int primary key deferrable, v text);
    create table {s}.kn (id numeric primary key deferrable initially deferred, v text)";
const ROWS: &str = "insert into src.kp select g, 'old' from generate_series(1, 9) g; \
                    insert into src.kn select g, 'old' from generate_series(1, 9) g";

/// What the source does, `~` being the table; each in a transaction with all checks deferred.
const HISTORIES: &[&str] = &[
    "insert into ~ values (7, 'new'); delete from ~ where id = 7 and v = 'old'",
    "insert into ~ values (7, 'newer'); update ~ set id = 17 where id = 7 and v = 'new'",
    "update ~ set id = 10 - id where id between 1 and 9",
    "update ~ set id = id + 1",
    "update ~ set id = 5 where id = 3; delete from ~ where id = 5 and ctid = (select min(ctid) from ~ where id = 5)",
    "update ~ set id = 6, v = 'moved' where id = 4; update ~ set id = 40 where id = 6 and v <> 'moved'",
    "insert into ~ values (2, 'twin'); savepoint a; delete from ~ where id = 2 and v = 'twin'; rollback to savepoint a;
     savepoint b; delete from ~ where id = 2 and v <> 'twin'; release savepoint b",
    "insert into ~ values (8, 'x'), (8, 'y'), (8, 'z'); delete from ~ where id = 8 and v <> 'y'",
    "insert into ~ select id, v from ~ where id = 9; delete from ~ where ctid = (select min(ctid) from ~ where id = 9)",
    "update ~ set v = v || '+'; update ~ set v = v || '-' where id > 5; delete from ~ where id = 6; \
     insert into ~ values (6, 'again')",
    "delete from ~ where id = 1; insert into ~ values (1, 'one'); update ~ set v = 'two' where id = 1",
];

/// Replays what came after an event; once more with gathered rows where they are in each other's way, as a worker does.
async fn written(
    target: &Client,
    applier: &mut Applier,
    source: &Client,
    after: i64,
) -> apply::Result<Applied> {
    for _ in 0..3 {
        let done = replay(target, applier, &events(source, after).await).await;
        let Err(error) = done else {
            applier.gather_no_more();
            return done;
        };
        target.batch_execute("rollback").await.unwrap();
        applier.reset();
        let table = error.table().unwrap_or_default().replace("dst.", "src.");
        if !error.is_collision() || !applier.gather(target, &table).await.unwrap() {
            applier.gather_no_more();
            return Err(error);
        }
    }
    panic!("gathered three times");
}

async fn last_event(source: &Client) -> i64 {
    source.query_one("select coalesce(max(ev_id), 0) from public.event", &[]).await.unwrap().get(0)
}

fn deferred(history: &str) -> String {
    let of = |table: &str| history.replace('~', table);
    format!("begin; set constraints all deferred; {}; {}; commit", of("src.kp"), of("src.kn"))
}

#[tokio::test]
async fn rows_of_one_key_are_told_apart() {
    for strict in [false, true] {
        let (_cluster, source, target) = pair(TABLE, &[("kp", ""), ("kn", "")]).await;
        if strict {
            let sql = "alter table dst.kp drop constraint kp_pkey, add primary key (id); \
                       alter table dst.kn drop constraint kn_pkey, add primary key (id)";
            target.batch_execute(sql).await.unwrap();
        }
        for (chunk, together) in [(1, false), (2, true), (3, false), (20_000, false), (20_000, true)] {
            source.batch_execute("truncate src.kp, src.kn").await.unwrap();
            source.batch_execute(ROWS).await.unwrap();
            let mut applier = Applier::new(Options { chunk_changes: chunk, ..Options::default() });
            let mut after = last_event(&source).await;
            target
                .batch_execute(
                    "truncate dst.kp, dst.kn; insert into dst.kp select * from src.kp; \
                     insert into dst.kn select * from src.kn",
                )
                .await
                .unwrap();
            for history in HISTORIES {
                source.batch_execute(&deferred(history)).await.unwrap();
                if together && !history.contains("again") {
                    continue;
                }
                let applied = written(&target, &mut applier, &source, after).await;
                let applied = applied.unwrap_or_else(|error| panic!("{history}, chunks of {chunk}: {error}"));
                assert!(applied.conflicts.is_empty(), "{history}: {applied:?}");
                after = last_event(&source).await;
                same(&source, "kp").await;
                same(&source, "kn").await;
            }
        }
    }
}

/// The target's row 7 has other values, row 3 is gone, and a row 50 stands where one will come.
const LOCAL: &str = "update dst.kp set v = 'local' where id = 7; delete from dst.kp where id = 3; \
                     insert into dst.kp values (50, 'local')";
const CHANGES: &str = "begin; set constraints all deferred; insert into src.kp values (7, 'new');
    delete from src.kp where id = 7 and v = 'old';
    update src.kp set id = 30 where id = 3; update src.kp set v = 'thirty' where id = 30;
    delete from src.kp where id = 8; commit";

#[tokio::test]
async fn rows_that_are_not_as_the_source_had_them_are_settled_by_policy() {
    let (_cluster, source, target) = pair(TABLE, &[("kp", ""), ("kn", "")]).await;
    for chunk in [1, 20_000] {
        for on_conflict in [OnConflict::Error, OnConflict::Apply, OnConflict::Skip] {
            let begin = last_event(&source).await;
            source.batch_execute("truncate src.kp; truncate src.kn").await.unwrap();
            let mut applier =
                Applier::new(Options { on_conflict, chunk_changes: chunk, ..Options::default() });
            source.batch_execute(ROWS).await.unwrap();
            written(&target, &mut applier, &source, begin).await.unwrap();
            target.batch_execute(LOCAL).await.unwrap();
            let after = last_event(&source).await;
            source.batch_execute(CHANGES).await.unwrap();
            let done = written(&target, &mut applier, &source, after).await;
            let count = |applied: &Applied| applied.conflicts.get("src.kp").map_or(0, |found| found.count);
            match on_conflict {
                OnConflict::Error => {
                    let error = done.unwrap_err();
                    assert!(error.is_of_its_table() && error.to_string().contains("id=7"), "{error}");
                    continue;
                }
                // the insert of row 7 meets the local one, which nothing skips
                OnConflict::Skip => {
                    let error = done.unwrap_err();
                    assert!(error.is_of_its_table(), "{error}");
                    target.batch_execute("delete from dst.kp where id = 7").await.unwrap();
                    let applied = written(&target, &mut applier, &source, after).await.unwrap();
                    assert_eq!(count(&applied), 3, "{applied:?}");
                    let gone = rows(&source, "dst.kp").await;
                    assert!(
                        gone.contains(&"(7,new)".to_owned()) && !gone.iter().any(|row| row.contains("30")),
                        "{gone:?}"
                    );
                }
                _ => {
                    let applied = done.unwrap();
                    assert_eq!(count(&applied), 2, "{applied:?}");
                    target.batch_execute("delete from dst.kp where id = 50").await.unwrap();
                    same(&source, "kp").await;
                }
            }
            let after = last_event(&source).await;
            source.batch_execute("insert into src.kp values (50, 'new')").await.unwrap();
            target
                .batch_execute("delete from dst.kp where id = 50; insert into dst.kp values (50, 'local')")
                .await
                .unwrap();
            let done = written(&target, &mut applier, &source, after).await;
            if on_conflict == OnConflict::Apply {
                assert_eq!(count(&done.unwrap()), 1);
                same(&source, "kp").await;
            } else {
                assert!(done.unwrap_err().is_of_its_table());
            }
        }
    }
}

/// Events of an older capture, or of a stock trigger, tell no more than the key.
#[tokio::test]
async fn events_that_tell_the_key_only_are_never_guessed_about() {
    let (_cluster, source, target) = pair(TABLE, &[("kp", "id"), ("kn", "id")]).await;
    let mut applier = Applier::new(Options::default());
    source.batch_execute(ROWS).await.unwrap();
    written(&target, &mut applier, &source, 0).await.unwrap();
    for history in &HISTORIES[..2] {
        let after = last_event(&source).await;
        source.batch_execute(&deferred(history)).await.unwrap();
        let error = written(&target, &mut applier, &source, after).await.unwrap_err();
        assert!(matches!(error, Error::NotUnique { .. }) && error.is_of_its_table(), "{error}");
        let again = "truncate dst.kp, dst.kn; insert into dst.kp select * from src.kp; \
                     insert into dst.kn select * from src.kn";
        target.batch_execute(again).await.unwrap();
    }
}
