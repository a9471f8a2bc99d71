//! The owner of a type can make casts, operators and functions for it, at any time. None of them has a say in what is
//! written: values are read by the types' own input functions, in sets, in order and where they are gathered.
use crate::capture::{capture, events, install, replay, rows};
use crate::cluster::Cluster;
use apply::{Applier, Options};

const TYPES: &str = r#"
create type public.mood as enum ('red', 'green', 'it''s {"b,l\ue"}');
create type public."Pair" as (a int, m public.mood);
create domain public.temper as public.mood;
create type public.span as range (subtype = public.mood);
create type public.height as enum ('low', 'high');
create table public.caught (trap text);"#;

const COLUMNS: &str =
    "c0 public.mood, c1 public.\"Pair\", c2 public.temper, c3 public.span, c4 public.mood[],
    c5 public.\"Pair\"[], c6 public.temper[], c7 public.span[], c8 int, c9 int[], c10 varchar(5)";

const ROWS: &[&str] = &[
    r#"'red', row(1, 'green'), 'red', '[red,green)', '{red,NULL,"it''s {\"b,l\\ue\"}"}',
       array[row(1, 'red')::public."Pair", null], '{red}', '{"[red,green]"}', 1, '{1,2}', 'a'"#,
    r#"'it''s {"b,l\ue"}', row(null, 'it''s {"b,l\ue"}'), 'green', 'empty', '{}', '{}',
       '{{red,green},{green,red}}', null, null, null, null"#,
    r#"'green', null, null, null, null, null, null, null, 7, '{}', ''"#,
];

/// Casts from text and from what looks like it, operators, and functions of the names that our statements use; each
/// notes that it was called.
const TRAPS: &str = r#"
do $$
declare
    kind text;
    other text;
begin
    foreach kind in array array['public.mood', 'public."Pair"', 'public.span', 'public.mood[]',
        'public."Pair"[]', 'public.temper[]', 'public.span[]'] loop
        foreach other in array array['text', 'varchar', 'json'] loop
            execute format('create function public.made(a %s, out b %s) language plpgsql as %L', other, kind,
                           format('begin insert into public.caught values (%L); end', other || ' to ' || kind));
            execute format('create cast (%s as %s) with function public.made(%s) as implicit', other, kind, other);
            execute format('alter function public.made(%s) rename to %I', other, 'made ' || kind || other);
            -- the capture of these tests uses to_jsonb
            continue when other = 'json';
            execute format('create function public.told(a %s, out b %s) language plpgsql as %L', kind, other,
                           format('begin insert into public.caught values (%L); b := ''"1"''; end',
                               kind || ' to ' || other));
            execute format('create cast (%s as %s) with function public.told(%s) as assignment', kind, other, kind);
            execute format('alter function public.told(%s) rename to %I', kind, 'told ' || other);
        end loop;
        execute format('create function public.concat(%s) returns text language plpgsql as %L', kind,
            'begin insert into public.caught values (''concat''); return ''''; end');
        execute format('create function public.same(%s, %s) returns boolean language plpgsql as %L', kind, kind,
                       format('begin insert into public.caught values (%L); return true; end', '= of ' || kind));
        execute format('create operator public.= (leftarg = %s, rightarg = %s, function = public.same)', kind, kind);
        execute format('create operator public.<> (leftarg = %s, rightarg = %s, function = public.same)', kind, kind);
        if kind !~ '\[' then
            execute format('create function public.unnest(%s[]) returns setof %s language plpgsql as %L', kind, kind,
                           'begin insert into public.caught values (''unnest''); end');
        end if;
    end loop;
end $$"#;

async fn everything_is_the_same(client: &tokio_postgres::Client, tables: &[&str]) {
    // the output functions, whatever casts there are
    for table in tables {
        let text = |side: &str| format!("(select pg_catalog.concat(t) as v from {side}.{table} t)");
        let (source, dest) = (rows(client, &text("src")).await, rows(client, &text("dst")).await);
        assert!(!source.is_empty(), "{table}");
        assert_eq!(source, dest, "{table}");
    }
    assert_eq!(rows(client, "(select distinct trap from public.caught)").await, Vec::<String>::new());
}

#[tokio::test]
async fn casts_operators_and_functions_of_the_application_do_not_run() {
    let cluster = Cluster::start().await;
    let client = cluster.connect().await;
    client.batch_execute(TYPES).await.unwrap();
    install(&client).await;
    let tables = ["keyed", "keyless", "apart"];
    for schema in ["src", "dst"] {
        let sql = format!(
            "create table {schema}.keyed (c11 public.height, id int, {COLUMNS}, primary key (id, c11, c0));
             create table {schema}.keyless ({COLUMNS});
             create table {schema}.apart (id int, {COLUMNS}, u int, primary key (id, c0))"
        );
        client.batch_execute(&sql).await.unwrap();
    }
    capture(&client, "keyed", "id,c11,c0").await;
    capture(&client, "keyless", "").await;
    capture(&client, "apart", "id,c0").await;
    client.batch_execute("create unique index on dst.apart (u)").await.unwrap();
    // a session that has prepared its statements before there are any casts
    let early = cluster.connect().await;
    apply::pin_session(&early).await.unwrap();
    let mut early_applier = Applier::new(Options::default());
    let insert = async |round: usize| {
        for (n, row) in ROWS.iter().enumerate() {
            let id = round * 10 + n;
            let sql = format!(
                "insert into src.keyed values ('high', {id}, {row}); \
                 insert into src.keyless values ({row}), ({row}); insert into src.apart values ({id}, {row}, {id})"
            );
            client.batch_execute(&sql).await.unwrap();
        }
    };
    insert(0).await;
    let first = events(&client, 0).await;
    replay(&early, &mut early_applier, &first).await.unwrap();
    everything_is_the_same(&client, &tables).await;
    client.batch_execute(TRAPS).await.unwrap();

    let late = cluster.connect().await;
    apply::pin_session(&late).await.unwrap();
    let mut gathered = 0;
    let mut done = first.last().unwrap().id;
    let mut late_applier = Applier::new(Options { chunk_bytes: 1, ..Options::default() });
    for round in 1..4 {
        insert(round).await;
        let changes = [
            format!("update src.keyed set c4 = array['green']::public.mood[], c8 = {round}"),
            "update src.keyed set c11 = 'low' where id % 10 = 1; \
             update src.keyed set id = id + 1000 where id = 0"
                .to_owned(),
            "update src.keyless set c8 = coalesce(c8, 0) + 1; \
             delete from src.keyless where ctid in (select max(ctid) from src.keyless)"
                .to_owned(),
            // values that are in each other's way until all is there
            format!(
                "update src.apart set u = case id % 10 when 0 then u + 1 when 1 then u - 1 else u end, c2 = null \
                  where id / 10 = {round} - 1"
            ),
            format!("delete from src.apart where id = {round}2"),
        ];
        for change in changes {
            client.batch_execute(&change).await.unwrap();
        }
        let batch = events(&client, done).await;
        done = batch.last().unwrap().id;
        let (session, applier) =
            if round == 2 { (&early, &mut early_applier) } else { (&late, &mut late_applier) };
        if let Err(error) = replay(session, applier, &batch).await {
            assert!(error.is_collision(), "{error}");
            session.batch_execute("rollback").await.unwrap();
            applier.reset();
            assert!(applier.gather(session, "src.apart").await.unwrap());
            replay(session, applier, &batch).await.unwrap();
            applier.gather_no_more();
            gathered += 1;
        }
        everything_is_the_same(&client, &tables).await;
    }
    assert!(gathered > 0, "nothing had to be gathered");
}
