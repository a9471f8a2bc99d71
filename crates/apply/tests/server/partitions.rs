//! TRUNCATE of a partition takes the rows that the partition held on the source, however the target's table is
//! partitioned.

use apply::{Applier, Error, Options};
use pgq::Event;
use tokio_postgres::Client;

use crate::capture::{install, replay, rows};
use crate::cluster::Cluster;

const FUNCTIONS: &str = include_str!("../../../../sql/londiste_rs/truncate.sql");

/// The target's table in schema `dst`, in the same database as the source's in `src`.
async fn target(sql: &str) -> (Cluster, Client) {
    let cluster = Cluster::start().await;
    let client = cluster.connect().await;
    install(&client).await;
    client.batch_execute(&format!("create schema londiste_rs; {FUNCTIONS}")).await.unwrap();
    client.batch_execute(sql).await.unwrap();
    apply::pin_session(&client).await.unwrap();
    (cluster, client)
}

/// Replays TRUNCATE of a partition of `src.t`.
async fn truncate(client: &Client, partition: &str) -> apply::Result<()> {
    let sql = "select londiste_rs.partition_bounds($1::text::regclass, 'src.t'::regclass)";
    let bounds: Option<String> = client.query_one(sql, &[&partition]).await.unwrap().get(0);
    let event = Event {
        id: 7,
        kind: "rec.R".to_owned(),
        data: Some(partition.to_owned()),
        extra1: Some("src.t".to_owned()),
        extra2: bounds,
        ..Event::default()
    };
    let done = replay(client, &mut Applier::new(Options::default()), &[event]).await;
    if done.is_err() {
        client.batch_execute("rollback").await.unwrap();
    }
    done.map(drop)
}

/// What the partitions hold on the source is what goes on a target of each of these forms, and nothing else.
async fn check(source: &str, fill: &str, targets: &[&str]) {
    let (_cluster, client) = target(source).await;
    client.batch_execute(&format!("insert into src.t {fill}")).await.unwrap();
    let parts = "select p.relid::regclass::text from pg_partition_tree('src.t') p \
                  where p.relid <> 'src.t'::regclass order by 1";
    let parts: Vec<String> = client.query(parts, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(parts.len() > 2, "{parts:?}");
    for form in targets {
        for part in &parts {
            let sql =
                format!("drop table if exists dst.t cascade; {form}; insert into dst.t select * from src.t");
            client.batch_execute(&sql).await.unwrap();
            truncate(&client, part).await.unwrap();
            let sql = format!(
                "select t::text collate \"C\" from src.t except select p::text from {part} p order by 1"
            );
            let expected = client.query(&sql, &[]).await.unwrap();
            let expected: Vec<String> = expected.iter().map(|row| row.get(0)).collect();
            let left = rows(&client, "dst.t").await;
            // a date that is a timestamp there
            let left: Vec<String> =
                left.iter().map(|row| row.replace('"', "").replace(" 00:00:00", "")).collect();
            let expected: Vec<String> = expected.iter().map(|row| row.replace('"', "")).collect();
            let sorted = |mut rows: Vec<String>| {
                rows.sort();
                rows
            };
            assert_eq!(sorted(left), sorted(expected), "{part} on {form}");
        }
    }
}

#[tokio::test]
async fn ranges_of_several_columns_and_levels() {
    check(
        "create table src.t (a int, b date, c text collate \"C\", v text) partition by range (a, b);
         create table src.p1 partition of src.t for values from (minvalue, minvalue) to (1, '2026-02-01');
         create table src.p2 partition of src.t for values from (1, '2026-02-01') to (3, maxvalue)
             partition by range (c);
         create table src.p2a partition of src.p2 for values from ('a') to ('it''s');
         create table src.p2b partition of src.p2 default;
         create table src.p3 partition of src.t for values from (3, maxvalue) to (5, minvalue);
         create table src.d partition of src.t default",
        "select a, b, c, 'v' from unnest(array[-7, 0, 1, 2, 3, 4, 5, null]) a,
                unnest(array['2026-01-31', '2026-02-01', '2027-01-01', null]::date[]) b,
                unnest(array['A', 'a', 'it', 'it''s', 'z', null]) c",
        &[
            "create table dst.t (a bigint, b timestamp, c varchar, v text)",
            "create table dst.t (a int, b date, c text collate \"C\", v text) partition by range (a, b);
             create table dst.p1 partition of dst.t for values from (minvalue, minvalue) to (2, '2026-02-01');
             create table dst.rest partition of dst.t default",
            "create table dst.t (a int, b date, c text collate \"C\", v text) partition by range (a, b);
             create table dst.one partition of dst.t for values from (minvalue, minvalue) to (1, '2026-02-01');
             create table dst.p2 partition of dst.t for values from (1, '2026-02-01') to (3, maxvalue);
             create table dst.p3 partition of dst.t for values from (3, maxvalue) to (5, minvalue);
             create table dst.x partition of dst.t default",
        ],
    )
    .await;
}

#[tokio::test]
async fn lists_and_hashes() {
    check(
        "create table src.t (kind text, id int, v text) partition by list (kind);
         create table src.l1 partition of src.t for values in ('a', 'O''Neil, (x)', null);
         create table src.l2 partition of src.t for values in ('b') partition by hash (id, v);
         create table src.h0 partition of src.l2 for values with (modulus 3, remainder 0);
         create table src.h1 partition of src.l2 for values with (modulus 3, remainder 1);
         create table src.h2 partition of src.l2 for values with (modulus 3, remainder 2);
         create table src.ld partition of src.t default",
        "select k, i, 'v' || i % 3 from unnest(array['a', 'b', 'c', 'O''Neil, (x)', null]) k, generate_series(1, 12) i",
        &[
            "create table dst.t (kind varchar, id bigint, v text)",
            "create table dst.t (kind text, id int, v text) partition by hash (id, v);
             create table dst.h0 partition of dst.t for values with (modulus 2, remainder 0);
             create table dst.h1 partition of dst.t for values with (modulus 2, remainder 1)",
        ],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_the_remedy() {
    let (_cluster, client) = target(
        "create type mood as enum ('sad', 'ok');
         create table src.t (m mood, n text collate \"C\", at timestamptz) partition by hash (m);
         create table src.h partition of src.t for values with (modulus 1, remainder 0) partition by range (at);
         create table src.r partition of src.h for values from ('2026-01-01') to ('2026-02-01')
             partition by range (lower(n));
         create table src.e partition of src.r for values from ('a') to ('b');
         create table dst.t (m mood, n text, at timestamptz); insert into dst.t values ('sad', 'a', '2026-01-05')",
    )
    .await;
    for (part, reason) in [("src.h", "has type public.mood"), ("src.e", "has type public.mood")] {
        let error = truncate(&client, part).await.unwrap_err();
        let message = error.to_string();
        assert!(matches!(&error, Error::PartitionUnlike { partition, .. } if partition == part), "{message}");
        assert!(message.contains(reason) && message.contains("resync the table"), "{message}");
        assert!(message.contains("FOR VALUES WITH (modulus 1, remainder 0)"), "{message}");
    }
    client.batch_execute("drop table src.t, dst.t").await.unwrap();
    for (source, dest, reason) in [
        ("partition by range (lower(n))", "(m mood, n text, at date)", "expressions"),
        ("partition by range (n text_pattern_ops)", "(m mood, n text, at date)", "text_pattern_ops"),
        ("partition by range (n)", "(m mood, n bytea, at date)", "has type"),
        ("partition by range (n)", "(m mood, at date)", "lacks"),
    ] {
        let sql = format!(
            "drop table if exists src.t, dst.t; create table src.t (m mood, n text, at date) {source};
             create table src.p partition of src.t for values from ('a') to ('b'); create table dst.t {dest}"
        );
        client.batch_execute(&sql).await.unwrap();
        let message = truncate(&client, "src.p").await.unwrap_err().to_string();
        assert!(message.contains(reason) && message.contains("then resume-table"), "{message}");
    }
    // equal bounds by an expression, under another name
    let sql = "drop table src.t, dst.t; create table src.t (n text, v int) partition by range (lower(n));
               create table src.p partition of src.t for values from ('a') to ('b');
               create table dst.t (n text, v int) partition by range (lower(n));
               create table dst.q partition of dst.t for values from ('a') to ('b');
               create table dst.p partition of dst.t for values from ('b') to ('c');
               insert into dst.t values ('A', 1), ('b', 2)";
    client.batch_execute(sql).await.unwrap();
    truncate(&client, "src.p").await.unwrap();
    assert_eq!(rows(&client, "dst.t").await, ["(b,2)"]);
    // an event of an older version
    let message = truncate_by_name(&client).await;
    assert!(message.contains("older version") && message.contains("resync the table"), "{message}");
}

async fn truncate_by_name(client: &Client) -> String {
    let event = Event {
        id: 9,
        kind: "rec.R".to_owned(),
        data: Some("dst.q".to_owned()),
        extra1: Some("src.t".to_owned()),
        ..Event::default()
    };
    let error = replay(client, &mut Applier::new(Options::default()), &[event]).await.unwrap_err();
    client.batch_execute("rollback").await.unwrap();
    error.to_string()
}
