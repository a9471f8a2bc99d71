//! Every statement of a batch meets an error of every class: what comes of it is the batch, a failed table, or the
//! very error. Never that of a statement
//! that was sent into the aborted transaction.

use std::time::Duration;

use apply::{Applier, Error, OnConflict, Options};
use pgq::Event;
use tokio_postgres::Client;

use crate::capture::{events, write};
use crate::edges::{pair, same, step};
use crate::proxy::Proxy;

const TABLES: &str = "create table {s}.t (id int primary key, v text, u int unique);
    create table {s}.bare (a int, v text); create table {s}.late (id int primary key deferrable, v text);
    create table {s}.p (id int primary key, v text);
    create table {s}.c (id int primary key,
        p int references {s}.p on delete cascade on update cascade deferrable initially deferred);
    create table {s}.gone (id int)";
const CAPTURED: &[(&str, &str)] =
    &[("t", "id"), ("bare", ""), ("late", ""), ("p", "id"), ("c", "id"), ("gone", "")];
const BEFORE: &str = "insert into src.t select g, 'a', g from generate_series(1, 9) g;
    insert into src.bare select g % 9, 'a' from generate_series(1, 60) g;
    insert into src.late select g, 'a' from generate_series(1, 9) g;
    insert into src.p select g, 'a' from generate_series(1, 5) g;
    insert into src.c select g, g from generate_series(1, 5) g";
/// Folded changes, changes in order, values that change hands, rows without a key by few and by many, actions of
/// foreign keys, a truncation.
const CHANGES: &str = "update src.t set v = 'b' where id < 4; delete from src.t where id = 9;
    insert into src.t values (10, 'c', 10);
    update src.t set u = 100 where id = 1; update src.t set u = 1 where id = 2; update src.t set id = 20 where id = 3;
    update src.bare set v = 'b' where a = 1;
    delete from src.bare where ctid = (select min(ctid) from src.bare where a = 2);
    update src.late set id = 10 - id; update src.late set v = 'b' where id = 1; truncate src.gone;
    update src.p set id = 10 where id = 1; delete from src.p where id = 2; update src.c set p = 3 where id = 4";
/// The same with rows that are missing, and one that is in the way: the target is a little different.
const LOCAL: &str = "delete from dst.t where id in (2, 3); insert into dst.t values (30, 'local', 10);
    delete from dst.late where id = 4; delete from dst.c where id = 4";
const HEALED: &str = "delete from dst.t where id = 30";

/// One or more of each class, the codes among them that a server's own state causes.
const CODES: [&str; 24] = [
    "08006", "0A000", "21000", "22003", "23505", "23503", "25P02", "25006", "26000", "28000", "34000",
    "3D000", "40001", "40P01", "42501", "42P01", "42P05", "53100", "54000", "55P03", "57014", "58030",
    "P0001", "XX000",
];
/// How long an attempt may take that a statement's error has met.
const PATIENCE: Duration = Duration::from_secs(60);
const POLICIES: [OnConflict; 4] = [OnConflict::Error, OnConflict::Warn, OnConflict::Apply, OnConflict::Skip];

/// Applies events as the consumer does, but does not commit; failed tables are errors.
async fn attempt(target: &Client, applier: &mut Applier, events: &[Event]) -> Result<(), Vec<Error>> {
    let done = async {
        apply::begin(target, pg::Limits::default()).await?;
        write(target, applier, events).await?;
        applier.check_deferred(target).await
    };
    let done: apply::Result<()> = done.await;
    done.map_err(|error| vec![error])?;
    let failures: Vec<Error> = applier.failures().into_iter().map(|failure| failure.error).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Whether the batch comes to such an error without an injected one: rows that are in each other's way on the way to
/// their last state, and with `conflicts` those that differ on the target.
fn is_own(error: &Error, conflicts: bool) -> bool {
    let of_a_row = matches!(error, Error::RowMissing { .. } | Error::KeyTaken { .. } | Error::Differs { .. });
    let refused = error.code().is_some_and(|code| matches!(code.code(), "23503" | "23505"));
    let differs = ["dst.t", "dst.late", "dst.c"].map(Some).contains(&error.table());
    error.is_of_its_table() && (error.is_collision() || conflicts && differs && (of_a_row || refused))
}

/// Injects errors at one request after the other, of which each `stride`th is taken, until the batch has no more. Each
/// request meets two codes, so that a kind of statement meets all of them over the batch; with `INJECT_ALL` set each
/// request meets all.
async fn inject(local: bool, gathered: bool, stride: usize) {
    let (cluster, source, plain) = pair(TABLES, CAPTURED).await;
    let mut applier = Applier::new(Options::default());
    step(&source, &plain, &mut applier, BEFORE).await.unwrap();
    let before: i64 = source.query_one("select max(ev_id) from public.event", &[]).await.unwrap().get(0);
    source.batch_execute(CHANGES).await.unwrap();
    if local {
        plain.batch_execute(LOCAL).await.unwrap();
    }
    let events = events(&source, before).await;
    let proxy = Proxy::default();
    let target = cluster.connect_through(&proxy).await;
    apply::pin_session(&target).await.unwrap();
    let mut hits = 0;
    let each = if std::env::var_os("INJECT_ALL").is_some() { CODES.len() } else { 2 };
    for at in (0..).step_by(stride) {
        let mut hit = false;
        for nth in 0..each {
            let code = CODES[(at * each + nth) % CODES.len()];
            let isolate = (at + nth) % 2 == 0;
            let on_conflict = POLICIES[(at + nth) / 2 % POLICIES.len()];
            let options = Options { isolate, on_conflict, chunk_changes: 8, ..Options::default() };
            let mut applier = Applier::new(options);
            if gathered {
                // plans are known by a batch that is rolled back
                let _ = attempt(&target, &mut applier, &events).await;
                target.batch_execute("rollback").await.unwrap();
                applier.reset();
                // an attempt that fails at a conflict has come to some of the tables only
                let mut known = 0;
                for table in ["src.t", "src.late"] {
                    known += u8::from(applier.gather(&target, table).await.unwrap());
                }
                assert!(known == 2 || known == 1 && local, "{known}");
            }
            proxy.inject(at, code);
            let place = format!("{code} at request {at}, isolate {isolate}, {on_conflict:?}");
            let done = tokio::time::timeout(PATIENCE, attempt(&target, &mut applier, &events)).await;
            let done = done.unwrap_or_else(|_| panic!("{place}: no answer"));
            let injected = proxy.pass();
            hit |= injected;
            hits += usize::from(injected);
            match done {
                // what was settled inside has left no trace
                Ok(()) if injected && (!local || on_conflict == OnConflict::Apply) => {
                    for (table, _) in CAPTURED {
                        if *table != "t" || !local {
                            same(&target, table).await;
                        }
                    }
                }
                Ok(()) => {}
                Err(errors) => errors.iter().for_each(|error| {
                    let shown = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
                    assert!(shown != "25P02" || code == "25P02", "{place}: {error}");
                    if shown == code && injected {
                        // of one table, or of the session: then nothing of the batch stays
                        let alone = error.is_of_its_table() || error.is_passing();
                        assert!(alone || matches!(error, Error::Server { .. }), "{place}: {error}");
                        return;
                    }
                    assert!(is_own(error, local && on_conflict != OnConflict::Apply), "{place}: {error}");
                }),
            }
            // the connection goes on
            target.batch_execute("rollback").await.unwrap();
            applier.reset();
            if nth + 1 == each {
                // and so does the applier, as if nothing had been
                let errors = attempt(&target, &mut applier, &events).await.err().unwrap_or_default();
                for error in &errors {
                    assert!(
                        is_own(error, local && on_conflict != OnConflict::Apply),
                        "{place}, again: {error}"
                    );
                }
                if errors.is_empty() && !local {
                    for (table, _) in CAPTURED {
                        same(&target, table).await;
                    }
                }
                target.batch_execute("rollback").await.unwrap();
            }
        }
        if !hit {
            assert!(at > 30, "only {at} requests");
            break;
        }
    }
    assert!(hits > 24 / stride, "{hits}");
    // without an error all is well
    plain.batch_execute(HEALED).await.unwrap();
    let mut applier = Applier::new(Options { on_conflict: OnConflict::Apply, ..Options::default() });
    if attempt(&target, &mut applier, &events).await.is_err() {
        target.batch_execute("rollback").await.unwrap();
        applier.reset();
        for table in ["src.t", "src.late"] {
            applier.gather(&target, table).await.unwrap();
        }
        attempt(&target, &mut applier, &events).await.unwrap();
    }
    target.batch_execute("commit").await.unwrap();
    for (table, _) in CAPTURED.iter().filter(|(table, _)| !local || *table != "c") {
        same(&source, table).await;
    }
}

#[tokio::test]
async fn every_statement_meets_every_error() {
    inject(false, false, 1).await;
}

#[tokio::test]
async fn every_statement_meets_every_error_among_conflicts() {
    inject(true, false, if std::env::var_os("INJECT_ALL").is_some() { 1 } else { 9 }).await;
}

#[tokio::test]
async fn every_statement_meets_every_error_while_rows_are_gathered() {
    inject(false, true, 3).await;
    inject(true, true, 5).await;
}

#[tokio::test]
async fn a_missing_row_and_a_later_refusal_in_one_pipeline() {
    let tables =
        "create table {s}.u (id int primary key, v int, w int); create table {s}.other (id int primary key)";
    let (_cluster, source, target) = pair(tables, &[("u", "id"), ("other", "id")]).await;
    let mut applier = Applier::new(Options::default());
    let fill = "insert into src.u select g, g, g from generate_series(1, 9) g";
    step(&source, &target, &mut applier, fill).await.unwrap();
    let local = "create unique index on dst.u (w); delete from dst.u where id in (5, 6);
        insert into dst.u values (99, 0, 50)";
    target.batch_execute(local).await.unwrap();
    let before: i64 = source.query_one("select max(ev_id) from public.event", &[]).await.unwrap().get(0);
    let sql = "begin; update src.u set v = 55 where id in (5, 6); insert into src.u values (50, 50, 50);
        insert into src.other values (1); commit";
    source.batch_execute(sql).await.unwrap();
    for on_conflict in POLICIES {
        for isolate in [false, true] {
            let mut applier = Applier::new(Options { on_conflict, isolate, ..Options::default() });
            let errors = attempt(&target, &mut applier, &events(&source, before).await).await.unwrap_err();
            for error in &errors {
                let code = error.code().map(|code| code.code());
                assert!(code.is_none_or(|code| code == "23505"), "{on_conflict:?} {isolate}: {error}");
                assert_eq!(error.table(), Some("dst.u"), "{error}");
            }
            assert_eq!(errors.len(), 1);
            target.batch_execute("rollback").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_check_that_fails_at_the_commit_is_told_by_table() {
    let tables = "create table {s}.t (id int primary key); create table {s}.other (id int primary key)";
    let (_cluster, source, target) = pair(tables, &[("t", "id"), ("other", "id")]).await;
    let late =
        "create function late() returns trigger language plpgsql as $$ begin raise exception 'never'; end $$;
        create constraint trigger late after insert on dst.t deferrable initially deferred for each row
            execute function late()";
    target.batch_execute(late).await.unwrap();
    source.batch_execute("insert into src.other values (1); insert into src.t values (1)").await.unwrap();
    let mut applier = Applier::new(Options { isolate: true, ..Options::default() });
    let errors = attempt(&target, &mut applier, &events(&source, 0).await).await.unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].table() == Some("dst.t") && errors[0].is_of_its_table(), "{}", errors[0]);
    target.batch_execute("rollback").await.unwrap();
}

/// Statements are sent without waiting for the answers of those before, some of which have to be prepared first.
#[tokio::test]
async fn answers_that_come_in_pieces_stop_nobody() {
    let (cluster, source, plain) = pair(TABLES, CAPTURED).await;
    step(&source, &plain, &mut Applier::new(Options::default()), BEFORE).await.unwrap();
    let before: i64 = source.query_one("select max(ev_id) from public.event", &[]).await.unwrap().get(0);
    source.batch_execute(CHANGES).await.unwrap();
    plain.batch_execute(LOCAL).await.unwrap();
    let events = events(&source, before).await;
    let target = cluster.connect_through(&Proxy::trickling()).await;
    apply::pin_session(&target).await.unwrap();
    for on_conflict in POLICIES {
        let mut applier = Applier::new(Options { on_conflict, isolate: true, ..Options::default() });
        let done = tokio::time::timeout(PATIENCE, attempt(&target, &mut applier, &events)).await;
        for error in done.expect("an answer").err().into_iter().flatten() {
            assert!(is_own(&error, true), "{on_conflict:?}: {error}");
        }
        target.batch_execute("rollback").await.unwrap();
    }
}
