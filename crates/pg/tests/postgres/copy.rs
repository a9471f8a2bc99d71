use futures_util::future::BoxFuture;
use pg::{Copied, Side, Valve, pipe};

use crate::server::{Server, text};

/// Counts what passes, and closes behind `limit` bytes.
struct Count {
    bytes: u64,
    limit: u64,
}

impl Valve for Count {
    fn pass(&mut self, bytes: u64) -> BoxFuture<'_, bool> {
        self.bytes += bytes;
        Box::pin(std::future::ready(self.bytes <= self.limit))
    }
}

fn open() -> Count {
    Count { bytes: 0, limit: u64::MAX }
}

const SUM: &str = "select count(*) || ' ' || sum(hashtextextended(t::text, 0)) from t";

fn side(error: &pg::Error) -> Side {
    match error {
        pg::Error::Copy { side, .. } => *side,
        other => panic!("{other}"),
    }
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_rows_arrive_without_being_held_in_memory() {
    let server = Server::start();
    let source = server.session().await;
    let target = server.session().await;
    source.batch_execute("create database other").await.unwrap();
    let target_db = server.connect("dbname=other").await.unwrap();
    drop(target);
    let table = "create unlogged table t (id bigint, a text, b text)";
    source.batch_execute(table).await.unwrap();
    target_db.batch_execute(table).await.unwrap();
    source
        .batch_execute(
            "insert into t \
             select n, repeat(md5(n::text), 4), \
                    case n % 3 when 0 then null when 1 then E'\\t\\n\\\\' else 'ü' end \
               from generate_series(1, 1000000) n",
        )
        .await
        .unwrap();
    // One row larger than any chunk.
    source.batch_execute("insert into t values (0, repeat('x', 3000000), '')").await.unwrap();
    let before = peak_memory();
    let mut seen = open();
    let out = "copy t to stdout";
    let copied = pipe(&source, out, &target_db, "copy t from stdin", &mut seen).await.unwrap().unwrap();
    assert_eq!(copied.rows, 1_000_001);
    assert!(copied.bytes > 130_000_000, "{}", copied.bytes);
    assert_eq!(seen.bytes, copied.bytes);
    let grown = peak_memory() - before;
    assert!(grown < 40, "{grown} MiB more at the peak");
    assert_eq!(text(&source, SUM).await, text(&target_db, SUM).await);
}

#[tokio::test]
async fn an_empty_table_is_copied_too() {
    let server = Server::start();
    let (source, target) = (server.session().await, server.session().await);
    source.batch_execute("create table t (id int)").await.unwrap();
    let copied = pipe(&source, "copy t to stdout", &target, "copy t from stdin", &mut open()).await.unwrap();
    assert_eq!(copied, Some(Copied { rows: 0, bytes: 0 }));
    let binary = pipe(
        &source,
        "copy (select 1) to stdout (format binary)",
        &target,
        "copy t from stdin (format binary)",
        &mut open(),
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(binary.rows, 1);
}

#[tokio::test]
async fn a_failure_names_its_side_and_leaves_both_usable() {
    let server = Server::start();
    let (source, target) = (server.session().await, server.session().await);
    source.batch_execute("create table t (id int check (id < 5000))").await.unwrap();
    let read = pipe(
        &source,
        "copy (select 1 / (4000 - n) from generate_series(1, 9000) n) to stdout",
        &target,
        "copy t from stdin",
        &mut open(),
    )
    .await
    .unwrap_err();
    assert_eq!(side(&read), Side::Source);
    assert!(
        read.to_string().starts_with("copy failed on the source: division by zero (SQLSTATE 22012)"),
        "{read}"
    );

    let all = "copy (select n from generate_series(1, 2000000) n) to stdout";
    let write = pipe(&source, all, &target, "copy t from stdin", &mut open()).await.unwrap_err();
    assert_eq!(side(&write), Side::Target);
    assert!(
        write.to_string().contains("t_id_check") && write.to_string().contains("COPY t, line 5000"),
        "{write}"
    );

    let no_source =
        pipe(&source, "copy nothing to stdout", &target, "copy t from stdin", &mut open()).await.unwrap_err();
    assert_eq!(side(&no_source), Side::Source, "{no_source}");

    assert_eq!(text(&source, "select 1").await, "1");
    assert_eq!(text(&target, "select count(*) from t").await, "0");
}

#[tokio::test]
async fn a_target_that_refuses_before_it_takes_data_never_answers_out_of_step() {
    let server = Server::start();
    let (source, target) = (server.session().await, server.session().await);
    source
        .batch_execute(
            "create table t (id int);
             create function no() returns trigger language plpgsql as 'begin raise exception $$no$$; end';
             create trigger no before insert on t for each statement execute function no();
             create table locked (id int)",
        )
        .await
        .unwrap();
    source.batch_execute("begin; lock table locked").await.unwrap();
    for (transaction, table, code) in [
        ("", "nothing", "42P01"),
        ("begin", "nothing", "42P01"),
        ("begin", "t", "P0001"),
        ("", "t", "P0001"),
        ("set lock_timeout = 50", "locked", "55P03"),
    ] {
        let target = server.session().await;
        target.batch_execute(transaction).await.unwrap();
        let refused = pipe(
            &source,
            "copy (select 1) to stdout",
            &target,
            &format!("copy {table} from stdin"),
            &mut open(),
        )
        .await
        .unwrap_err();
        assert_eq!(refused.sqlstate().unwrap().code(), code, "{table}");
        match target.query_one("select 42", &[]).await {
            Ok(row) => assert_eq!(row.get::<_, i32>(0), 42, "{table}"),
            Err(e) => assert!(
                target.is_closed() || e.code().is_some_and(|code| code.code() == "25P02"),
                "{table}: {e}"
            ),
        }
    }
    assert_eq!(text(&source, "select 1").await, "1");
    assert_eq!(text(&target, "select 1").await, "1");
}

#[tokio::test]
async fn a_lost_target_leaves_the_source_usable() {
    let server = Server::start();
    let (source, target) = (server.session().await, server.session().await);
    source.batch_execute("create table t (id int)").await.unwrap();
    let dead = server.session().await;
    let terminate = format!("select pg_terminate_backend({})", dead.backend_pid());
    let endless = "copy (select n from generate_series(1, 100000000) n) to stdout";
    let killing = tokio::spawn(async move {
        let lost = pipe(&source, endless, &dead, "copy t (id) from stdin where false", &mut open())
            .await
            .unwrap_err();
        (source, lost)
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    target.batch_execute(&terminate).await.unwrap();
    let (source, lost) = killing.await.unwrap();
    assert_eq!(side(&lost), Side::Target);
    assert!(lost.is_connection_lost(), "{lost}");
    source.cancel_token().cancel_query().await.unwrap();
    assert_eq!(text(&source, "select 1").await, "1");
}

#[tokio::test]
async fn a_valve_that_closes_ends_the_copy_and_leaves_both_sides_usable() {
    let server = Server::start();
    let (source, target) = (server.session().await, server.session().await);
    source.batch_execute("create table t (id int)").await.unwrap();
    let endless = "copy (select generate_series(1, 2000000000)) to stdout";
    let mut valve = Count { bytes: 0, limit: 5_000_000 };
    let copied = pipe(&source, endless, &target, "copy t from stdin", &mut valve).await.unwrap();
    assert_eq!(copied, None);
    source.cancel_token().cancel_query().await.unwrap();
    assert_eq!(text(&source, "select 1").await, "1");
    assert_eq!(text(&target, "select count(*) from t").await, "0");
}
