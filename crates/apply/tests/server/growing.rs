//! Tables that are small when their statements are first planned, and grow.

use apply::{Applier, Options};
use tokio_postgres::Client;

use crate::capture::{events, write};
use crate::edges::{pair, same};

const ROUNDS: i32 = 12;

/// Applies what `sql` does on the source, and answers how often the target's tables were read as a whole.
async fn whole_reads(source: &Client, target: &Client, applier: &mut Applier, sql: &str) -> i64 {
    let last = "select coalesce(max(ev_id), 0) from public.event";
    let before: i64 = source.query_one(last, &[]).await.unwrap().get(0);
    source.batch_execute(sql).await.unwrap();
    apply::begin(target, pg::Limits::default()).await.unwrap();
    write(target, applier, &events(source, before).await).await.unwrap();
    let reads = "select coalesce(sum(seq_scan), 0)::int8 from pg_stat_xact_user_tables \
                  where schemaname = 'dst' and relname = 't'";
    let reads = target.query_one(reads, &[]).await.unwrap().get(0);
    target.batch_execute("commit").await.unwrap();
    reads
}

#[tokio::test]
async fn rows_with_a_key_are_found_by_its_index_from_the_first_row_on() {
    let tables = "create table {s}.t (id int primary key, v text); create table {s}.bare (a int, v text)";
    let (_cluster, source, target) = pair(tables, &[("t", "id"), ("bare", "")]).await;
    let mut applier = Applier::new(Options::default());
    for round in 0..ROUNDS {
        let sql = format!(
            "insert into src.t select g, 'a' from generate_series({0}, {0} + 299) g; \
             update src.t set v = 'b' where id between {0} - 20 and {0} + 20; \
             delete from src.t where id % 300 = 7 and id < {0}; \
             insert into src.bare select g, 'a' from generate_series({0}, {0} + 50) g; \
             delete from src.bare where a % 3 = 0",
            round * 300
        );
        let reads = whole_reads(&source, &target, &mut applier, &sql).await;
        assert_eq!(reads, 0, "round {round}");
    }
    same(&source, "t").await;
    same(&source, "bare").await;
    // statements outside of a chunk are planned as ever
    let settings = "select string_agg(concat(name, '=', setting), ' ' order by name) from pg_settings \
                     where name in ('enable_hashjoin', 'enable_seqscan', 'plan_cache_mode')";
    let settings: String = target.query_one(settings, &[]).await.unwrap().get(0);
    assert_eq!(settings, "enable_hashjoin=on enable_seqscan=on plan_cache_mode=auto");
}

/// Rows of the table that the session has read since the server was last told.
async fn rows_read(target: &Client) -> i64 {
    let sql = "select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int8 from pg_stat_xact_user_tables \
                where schemaname = 'dst' and relname = 't'";
    target.query_one(sql, &[]).await.unwrap().get(0)
}

/// Analyzed while it was tiny, a table is thought to be so until it is analyzed again: read as a whole, and all rows
/// that are to be changed for each of its rows, it would take a hundred times as long.
#[tokio::test]
async fn each_row_is_looked_up_where_the_table_was_tiny_when_it_was_analyzed() {
    let (_cluster, source, target) =
        pair("create table {s}.t (id int primary key, v text)", &[("t", "id")]).await;
    source.batch_execute("insert into src.t values (-1, 'a')").await.unwrap();
    target.batch_execute("insert into dst.t values (-1, 'a'); analyze dst.t").await.unwrap();
    let mut applier = Applier::new(Options::default());
    for round in 0..ROUNDS {
        let first = round * 300;
        for puts in [false, true] {
            let last = "select coalesce(max(ev_id), 0) from public.event";
            let before: i64 = source.query_one(last, &[]).await.unwrap().get(0);
            let change = format!(
                "update src.t set v = v || 'b' where id between {first} - 20 and {first} + 20 or id = -1"
            );
            let sql = match puts {
                true => change,
                false => format!(
                    "{change}; insert into src.t select g, 'a' from generate_series({first}, {first} + 299) g; \
                     delete from src.t where id % 300 = 7 and id between {first} - 300 and {first} - 1"
                ),
            };
            source.batch_execute(&sql).await.unwrap();
            let mut changes = events(&source, before).await;
            if puts {
                changes.iter_mut().for_each(|event| event.kind = "rec.P".to_owned());
            }
            let many = i64::try_from(changes.len()).unwrap();
            apply::begin(&target, pg::Limits::default()).await.unwrap();
            let read_before = rows_read(&target).await;
            write(&target, &mut applier, &changes).await.unwrap();
            let read = rows_read(&target).await - read_before;
            target.batch_execute("commit").await.unwrap();
            assert!(read <= 3 * many, "round {round}: {read} rows read for {many} changes");
        }
    }
    same(&source, "t").await;
}

/// A row that another session of the target changes at this moment is found all the same, when that has ended.
#[tokio::test]
async fn a_row_that_another_session_is_changing_is_waited_for_and_found() {
    let (cluster, source, target) =
        pair("create table {s}.t (id int primary key, v text, w int default 0)", &[("t", "id")]).await;
    let other = cluster.connect().await;
    let mut applier = Applier::new(Options::default());
    source.batch_execute("insert into src.t select g, 'a' from generate_series(1, 400) g").await.unwrap();
    target.batch_execute("insert into dst.t select g, 'a' from generate_series(1, 400) g").await.unwrap();
    for (sql, puts) in [
        ("update src.t set v = 'b' where id <= 30", false),
        ("update src.t set v = 'c' where id <= 30", true),
        ("delete from src.t where id <= 10", false),
        ("update src.t set v = 'd' where id = 11", false),
        ("update src.t set v = 'e' where id = 11", true),
        ("delete from src.t where id = 11", false),
    ] {
        let before: i64 =
            source.query_one("select coalesce(max(ev_id), 0) from public.event", &[]).await.unwrap().get(0);
        source.batch_execute(sql).await.unwrap();
        let mut changes = events(&source, before).await;
        if puts {
            changes.iter_mut().for_each(|event| event.kind = "rec.P".to_owned());
        }
        other.batch_execute("begin; update dst.t set w = w + 1 where id <= 12").await.unwrap();
        apply::begin(&target, pg::Limits::default()).await.unwrap();
        let ends = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            other.batch_execute("commit").await.unwrap();
        };
        let (written, ()) = tokio::join!(write(&target, &mut applier, &changes), ends);
        let conflicts = written.unwrap().conflicts;
        target.batch_execute("commit").await.unwrap();
        assert!(conflicts.is_empty(), "{sql}, {puts}: {conflicts:?}");
        let differ = "select count(*) from (select id, v from src.t except select id, v from dst.t) x";
        let more = "select count(*) from (select id, v from dst.t except select id, v from src.t) x";
        for count in [differ, more] {
            let differ: i64 = source.query_one(count, &[]).await.unwrap().get(0);
            assert_eq!(differ, 0, "{sql}, {puts}: {count}");
        }
    }
}
