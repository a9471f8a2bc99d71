//! Values of every type arrive as they were, and rows without a key are found by them.

use crate::capture::{events, replay, rows};
use crate::cluster::Cluster;
use apply::{Applier, Options};

const TYPES: &str = "
create type public.mood as enum ('sad', 'so so', 'It''s \"fine\"');
create type public.\"Pair\" as (a int, \"B b\" text);
create domain public.code as varchar(8) check (value <> 'bad');
create domain public.codes as public.code[];
create type public.span as range (subtype = float8);";

/// Column type, and values of it as SQL literals.
const VALUES: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("int2", &["-32768", "7"]),
    ("int8", &["-9223372036854775808", "9223372036854775807"]),
    ("numeric", &["'NaN'", "1.000", "-0.00", "123456789012345678901234567890.0123456789"]),
    ("numeric(8,2)", &["1.5", "-999999.99"]),
    ("float4", &["'NaN'", "'-Infinity'", "'-0'", "1.1", "3.4e38"]),
    ("float8", &["'Infinity'", "'-0'", "0.1", "1e-300", "2.2250738585072014e-308"]),
    ("money", &["12.34", "-1234567.89"]),
    ("\"char\"", &["'a'", "''", "'\"'"]),
    ("name", &["'A name'", "''"]),
    ("char(5)", &["'ab'", "''", "'a b'"]),
    ("bpchar", &["'ab  '", "' '"]),
    ("varchar(5)", &["'a  '", "'äöüßé'"]),
    ("text", &["''", "'NULL'", "'a,b(\"c\")''\\d'", "E'line\\nbreak\\ttab\\r'", "'🐘 {}'", "' '"]),
    ("bytea", &["'\\x'", "'\\x00ff5c22'"]),
    ("bit(5)", &["b'10101'", "b'00000'"]),
    ("varbit", &["b''", "b'1'", "b'110011'"]),
    ("date", &["'infinity'", "'2026-02-28'", "'0044-03-15 BC'"]),
    ("time", &["'24:00:00'", "'12:34:56.789012'"]),
    ("timetz", &["'12:34:56.789+05:30'"]),
    ("timestamp", &["'-infinity'", "'2026-01-02 03:04:05.678901'", "'4713-01-01 00:00:00 BC'"]),
    ("timestamp(0)", &["'2026-01-02 03:04:05'"]),
    ("timestamptz", &["'infinity'", "'2026-07-02 03:04:05.6+02'", "'0001-01-01 00:00:00 BC'"]),
    ("interval", &["'1 year -2 mons 3 days -04:05:06.7'", "'24:00:00'", "'1 day'"]),
    ("uuid", &["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]),
    ("json", &["'{\"a\":  1, \"a\": null}'", "'null'", "'\"\\u00e4\"'"]),
    ("jsonb", &["'{\"a\": 1.10, \"b\": [null, \"x\\\\y\"]}'", "'null'"]),
    ("xml", &["'<a b=\"c\">&lt;</a>'", "'text <b/>'"]),
    ("inet", &["'1.2.3.4'", "'::1/64'"]),
    ("cidr", &["'10.0.0.0/8'"]),
    ("macaddr", &["'08:00:2b:01:02:03'"]),
    ("point", &["'(0.1,-0)'"]),
    ("box", &["'(1,2),(0,0)'"]),
    ("path", &["'[(0,0),(1,1)]'", "'((0,0),(1,1))'"]),
    ("circle", &["'<(0,0),1.5>'"]),
    ("tsvector", &["'''a b'':1A c:2'"]),
    ("tsquery", &["'a & (b | !c)'"]),
    ("int4range", &["'empty'", "'[1,5)'", "'(,)'"]),
    ("tstzrange", &["'[2026-01-01 00:00+00,)'"]),
    ("public.span", &["'[-0,1.5]'"]),
    ("regclass", &["'pg_class'", "'public.event'", "'-'"]),
    ("regtype", &["'int4'", "'public.mood'"]),
    ("oid", &["4294967295"]),
    ("pg_lsn", &["'16/B374D848'"]),
    ("int4[]", &["'{}'", "'{1,NULL,3}'", "'[2:3]={7,8}'", "'{{1,2},{3,4}}'"]),
    ("text[]", &["'{\"a,b\",\"\",NULL,\"NULL\",\"c\\\"d\\\\\"}'"]),
    ("numeric(5,1)[]", &["'{1.0,2.50}'"]),
    ("bool[]", &["'{t,f}'"]),
    ("public.mood", &["'so so'", "'It''s \"fine\"'"]),
    ("public.mood[]", &["'{sad,\"It''s \\\"fine\\\"\"}'"]),
    ("public.\"Pair\"", &["row(1, 'x \"y\"')", "row(null, null)", "row(null, '')"]),
    ("public.\"Pair\"[]", &["array[row(1, 'x,y')::public.\"Pair\", null]"]),
    ("public.code", &["'abc'", "''"]),
    ("public.codes", &["'{abc,\"d e\"}'"]),
];

fn columns() -> String {
    let column = |(i, (name, _)): (usize, &(&str, &[&str]))| format!("c{i} {name}");
    VALUES.iter().enumerate().map(column).collect::<Vec<_>>().join(", ")
}

/// Row `n` takes the n-th value of each type, and NULL where there is none.
fn row(n: usize) -> String {
    VALUES.iter().map(|(_, values)| values.get(n).copied().unwrap_or("null")).collect::<Vec<_>>().join(", ")
}

const ROWS: usize = 7;

#[tokio::test]
async fn values_of_every_type_arrive_as_they_were() {
    let cluster = Cluster::start().await;
    let client = cluster.connect().await;
    client.batch_execute(TYPES).await.unwrap();
    crate::capture::install(&client).await;
    for schema in ["src", "dst"] {
        let sql = format!(
            "create table {schema}.keyed (id int primary key, {0}); create table {schema}.keyless ({0})",
            columns()
        );
        client.batch_execute(&sql).await.unwrap();
    }
    crate::capture::capture(&client, "keyed", "id").await;
    crate::capture::capture(&client, "keyless", "").await;
    for n in 0..ROWS {
        client.batch_execute(&format!("insert into src.keyed values ({n}, {})", row(n))).await.unwrap();
        client.batch_execute(&format!("insert into src.keyless values ({})", row(n))).await.unwrap();
        // a second, equal row
        client.batch_execute(&format!("insert into src.keyless values ({})", row(n))).await.unwrap();
    }
    let target = cluster.connect().await;
    apply::pin_session(&target).await.unwrap();
    let mut applier = Applier::new(Options::default());
    let mut done = 0;
    let same = async |applier: &mut Applier, done: &mut i64| {
        let batch = events(&client, *done).await;
        *done = batch.last().unwrap().id;
        replay(&target, applier, &batch).await.unwrap();
        for table in ["keyed", "keyless"] {
            let (source, dest) =
                (rows(&client, &format!("src.{table}")).await, rows(&client, &format!("dst.{table}")).await);
            assert!(!source.is_empty());
            assert_eq!(source, dest, "{table}");
        }
    };
    same(&mut applier, &mut done).await;

    // every row gets the next one's values; one of each pair of equal rows goes
    for n in 0..ROWS {
        let sql = format!(
            "delete from src.keyed where id = {n}; insert into src.keyed values ({n}, {})",
            row((n + 1) % ROWS)
        );
        client.batch_execute(&sql).await.unwrap();
    }
    client.batch_execute("update src.keyed set c1 = 1 where id % 2 = 0").await.unwrap();
    client
        .batch_execute(
            "delete from src.keyless a using src.keyless b where a.ctid > b.ctid and a::text = b::text",
        )
        .await
        .unwrap();
    client.batch_execute("update src.keyless set c13 = 'again' where c0").await.unwrap();
    same(&mut applier, &mut done).await;
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused_and_not_shown() {
    let cluster = Cluster::start().await;
    let client = cluster.connect().await;
    crate::capture::install(&client).await;
    client
        .batch_execute(
            "create table src.t (id int primary key, v text); \
             create table dst.t (id int primary key, v varchar(3))",
        )
        .await
        .unwrap();
    crate::capture::capture(&client, "t", "id").await;
    client.batch_execute("insert into src.t values (1, 'ok'), (2, 'fine'), (3, 'x')").await.unwrap();
    let mut applier = Applier::new(Options::default());
    let error = replay(&client, &mut applier, &events(&client, 0).await).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("dst.t") && message.contains("22001") && !message.contains("fine"), "{message}");
    client.batch_execute("rollback; alter table dst.t alter v type int using null").await.unwrap();
    applier.reset();
    let error = replay(&client, &mut applier, &events(&client, 0).await).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("22P02") && !message.contains("fine"), "{message}");
}
