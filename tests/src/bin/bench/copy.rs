//! Initial copy: one big table, many small ones, all sizes together, large values; indexes included.
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tests::load::pgbench;
use tests::setup::Tools;
use tests::{Database, Pair, Setup, installation};

use crate::contest::Contest;

/// Tables copied at the same time, by every party: `BENCH_JOBS` (default 2).
fn jobs() -> usize {
    std::env::var("BENCH_JOBS")
        .ok()
        .and_then(|value| value.parse().ok())
        .filter(|jobs| *jobs > 0)
        .unwrap_or(2)
}

const LIMIT: Duration = Duration::from_secs(1800);

/// Fills the source of a pair; the target is empty.
type Fill = fn(&Pair);

pub(crate) fn big(pair: &Pair) -> String {
    let fill = |pair: &Pair| pgbench::fill(&pair.source, scale());
    let rows = scale() * 100_000;
    contest(
        pair,
        &format!("copy-big: {rows} rows of pgbench_accounts with primary key"),
        f64::from(rows),
        "rows",
        fill,
    )
}

/// `BENCH_SCALE` (default 20) units of 100 000 rows.
fn scale() -> u32 {
    std::env::var("BENCH_SCALE").ok().and_then(|value| value.parse().ok()).unwrap_or(20)
}

pub(crate) fn indexes(pair: &Pair) -> String {
    let fill = |pair: &Pair| {
        pair.source.execute(
            "create table orders (id bigint primary key, customer int not null, state text not null,
                                  total numeric(12,2), paid boolean,
                                  placed timestamptz not null, shipped date, note text, meta jsonb,
                                  code uuid not null, weight float8);
             insert into orders select i, i % 50000, 'state ' || i % 7, i * 0.37, i % 2 = 0,
                    '2020-01-01'::timestamptz + i * interval '1 minute',
                    '2020-01-01'::date + i % 1000, repeat('note ', i % 20),
                    jsonb_build_object('a', i, 'b', 'text'), gen_random_uuid(), i * 1.1
               from generate_series(1, 500000) i;
             create index on orders (customer, placed desc);
             create index on orders (placed) where not paid;
             create unique index on orders (code)",
        );
    };
    contest(pair, "copy-indexes: 500 000 rows of 11 columns with 4 indexes", 500_000.0, "rows", fill)
}

pub(crate) fn jsonb(pair: &Pair) -> String {
    let fill = |pair: &Pair| {
        pair.source.execute(
            "create table document (id bigint primary key, body jsonb);
             insert into document select i, jsonb_build_object('id', i, 'name', md5(i::text), 'tags', array['a', 'b'],
                    'text', repeat('text ', 20), 'price', i * 0.01)
               from generate_series(1, 1000000) i",
        );
    };
    contest(pair, "copy-jsonb: 1 000 000 rows of 200 bytes of jsonb", 1_000_000.0, "rows", fill)
}

pub(crate) fn mixed(pair: &Pair) -> String {
    let fill = |pair: &Pair| {
        for table in 1..=20u32 {
            let rows = 600_000 / table.pow(2) + 100;
            pair.source.execute(&format!(
                "create table m{table} (id bigint primary key, a text, b int, c timestamptz default now());
                 create index on m{table} (b);
                 insert into m{table} (id, a, b) select i, repeat('a', 40), i % 1000 from generate_series(1, {rows}) i"
            ));
        }
    };
    contest(pair, "copy-mixed: 20 tables of 1 600 to 600 100 rows, two indexes each", 20.0, "tables", fill)
}

pub(crate) fn large_values(pair: &Pair) -> String {
    let fill = |pair: &Pair| {
        pair.source.execute(
            "create table large (id int primary key, body text);
             alter table large alter column body set storage external;
             insert into large select i, repeat(md5(i::text), 3125) from generate_series(1, 4000) i",
        );
    };
    contest(pair, "copy-values: 4 000 values of 100 kB", 4000.0, "values", fill)
}

pub(crate) fn small(pair: &Pair) -> String {
    let fill = |pair: &Pair| {
        pair.source.execute(
            "do $$ begin for n in 1 .. 1000 loop
                 execute format('create table s%s (id serial primary key, a text, b int)', n);
                 execute format('insert into s%s (a, b) select ''row'' || g, g from generate_series(1, 200) g', n);
                 if n % 100 = 0 then commit; end if;
             end loop; end $$",
        );
    };
    contest(pair, "copy-small: 1 000 tables of 200 rows", 1000.0, "tables", fill)
}

fn contest(pair: &Pair, title: &str, amount: f64, unit: &'static str, fill: Fill) -> String {
    let mut contest = Contest::new(&format!("{title}; {} at a time", jobs()), amount, unit);
    let fresh = |run: usize, schema: Option<&str>| {
        let pair = pair.another(&format!("_copy{run}"));
        fill(&pair);
        if let Some(schema) = schema {
            dump(&pair, schema);
        }
        checkpoint(&pair);
        pair
    };
    // what one party leaves on the disk must not be written while the next one is measured
    let measured = |pair: Pair, party: fn(&Pair) -> Duration| {
        let took = party(&pair);
        pair.discard();
        took
    };
    contest.enter("londiste-rs", |run| measured(fresh(run, Some("--schema-only")), ours));
    for (name, party) in [
        ("psql | psql (text) + indexes", (|pair| piped(pair, "text")) as fn(&Pair) -> Duration),
        ("psql | psql (binary) + indexes", |pair| piped(pair, "binary")),
    ] {
        contest.enter(name, move |run| measured(fresh(run, Some("--section=pre-data")), party));
    }
    if Command::new("pgcopydb").arg("--version").output().is_ok() {
        // it vacuums and analyzes what it has copied, as ours analyzes it; without, it leaves the target without
        // statistics
        contest.enter("pgcopydb clone", |run| measured(fresh(run, None), |pair| pgcopydb(pair, &[])));
        contest.enter("pgcopydb clone, no statistics", |run| {
            measured(fresh(run, None), |pair| pgcopydb(pair, &["--skip-vacuum"]))
        });
    } else {
        contest.skip("pgcopydb clone", "not installed");
    }
    contest.hold()
}

/// Dirty pages of the preparation must not be written in the measured time.
pub(crate) fn checkpoint(pair: &Pair) {
    for side in [&pair.source, &pair.target] {
        side.admin().execute("checkpoint");
    }
}

/// Makes a part of the source's schema on the target.
fn dump(pair: &Pair, part: &str) {
    let mut from = Command::new(installation::client("pg_dump"))
        .args(["--no-owner", "--no-acl", "--schema=public", part])
        .arg(pair.source.uri())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pg_dump runs");
    let pipe = from.stdout.take().expect("a pipe");
    let into = psql(&pair.target, &["-c", "set client_min_messages = error", "-f", "-"])
        .stdin(pipe)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(from.wait().expect("pg_dump ends").success() && into.expect("psql runs").success());
}

fn psql(database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(installation::client("psql"));
    command.args(["-X", "-q"]).args(arguments).arg(database.uri());
    command
}

fn ours(pair: &Pair) -> Duration {
    let setup = Setup::new(pair);
    assert_eq!(setup.tools_of("target"), Tools::Ours);
    setup.set("target.ini", "parallel_copies", &jobs().to_string());
    setup.set("target.ini", "parallel_index_builds", &jobs().to_string());
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let started = Instant::now();
    setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
    setup.wait_ok(LIMIT);
    let took = started.elapsed();
    eprintln!("   peak memory of the worker: {} MB", setup.target_worker().peak_memory() >> 20);
    took
}

/// One COPY after the other into tables without indexes, then the indexes and constraints.
fn piped(pair: &Pair, format: &str) -> Duration {
    let sql = "select format('%I.%I', n.nspname, c.relname)
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind = 'r' and n.nspname = 'public' order by pg_table_size(c.oid)";
    let tables: Vec<String> = pair.source.rows(sql).into_iter().filter_map(|mut row| row.pop()?).collect();
    let waiting = Mutex::new(tables);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..jobs() {
            scope.spawn(|| {
                loop {
                    let Some(table) = waiting.lock().expect("list").pop() else { break };
                    pipe(pair, &table, format);
                }
            });
        }
    });
    dump(pair, "--section=post-data");
    started.elapsed()
}

fn pipe(pair: &Pair, table: &str, format: &str) {
    let mut from = psql(&pair.source, &["-c", &format!("copy {table} to stdout (format {format})")])
        .stdout(Stdio::piped())
        .spawn()
        .expect("psql runs");
    let pipe = from.stdout.take().expect("a pipe");
    let into = psql(&pair.target, &["-c", &format!("copy {table} from stdin (format {format})")])
        .stdin(pipe)
        .status();
    assert!(into.expect("psql runs").success() && from.wait().expect("psql ends").success());
}

fn pgcopydb(pair: &Pair, options: &[&str]) -> Duration {
    let directory = tempfile::tempdir().expect("temporary directory");
    let jobs = jobs().to_string();
    let mut command = Command::new("pgcopydb");
    command
        .args(["clone", "--no-owner", "--no-acl", "--no-comments", "--skip-extensions"])
        .args(options)
        .args(["--table-jobs", &jobs, "--index-jobs", &jobs, "--dir"])
        .arg(directory.path().join("work"))
        .env("PGCOPYDB_SOURCE_PGURI", pair.source.uri())
        .env("PGCOPYDB_TARGET_PGURI", pair.target.uri());
    let started = Instant::now();
    let output = command.output().expect("pgcopydb runs");
    let took = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    took
}
