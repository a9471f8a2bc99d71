//! Where `migrate` is typed, and what is looked at before and after.

use std::process::Command;
use std::time::Duration;

use tests::{Database, Invocation, Output, Setup, executable, wait_for};

/// Time that a whole migration of a small database may take.
pub(crate) const WHOLE: Duration = Duration::from_secs(120);

/// Definition and validity of every foreign key of the application, whether it is deferrable for a while or not.
const FOREIGN_KEYS: &str = "select conrelid::regclass::text, conname,
        regexp_replace(pg_get_constraintdef(oid), '( DEFERRABLE| INITIALLY DEFERRED)+$', ''), convalidated
    from pg_constraint where contype = 'f' and conparentid = 0 and connamespace::regnamespace::text !~ '^(pgq|londiste)'
    order by 1, 2";

/// Everything that the catalogs count: relations, constraints, triggers, functions, types, schemas, transactions apart.
const CATALOGS: &str = "select
    (select md5(string_agg(c::text, '' order by c.oid)) from (select oid, relname, relnamespace, relkind, relowner,
        relhastriggers, relchecks, relacl::text from pg_class where relnamespace <> 'pg_toast'::regnamespace) c),
    (select md5(string_agg(k::text, '' order by k.oid)) from pg_constraint k),
    (select md5(string_agg(t::text, '' order by t.oid)) from pg_trigger t),
    (select count(*) || ' ' || max(oid::int8) from pg_proc),
    (select count(*) || ' ' || max(oid::int8) from pg_type),
    (select string_agg(nspname, ' ' order by oid) from pg_namespace)";

/// Words of `londiste target.ini migrate …`.
fn command(setup: &Setup, options: &[&str]) -> Command {
    let mut command = setup.command(executable("londiste"));
    command.args(["target.ini", "migrate"]).args(options);
    command
}

/// Runs it to its end.
#[track_caller]
pub(crate) fn migrate(setup: &Setup, options: &[&str]) -> Output {
    Invocation::new(command(setup, options)).limit(WHOLE).run()
}

/// Lets it run until it has died at that place.
#[cfg(debug_assertions)]
#[track_caller]
pub(crate) fn dies(setup: &Setup, options: &[&str], point: &str) -> Output {
    let mut command = command(setup, options);
    command.env("LONDISTE_FAIL_POINT", point);
    let output = Invocation::new(command).limit(WHOLE).run();
    eprintln!("died at {point} after {:?}", output.took);
    assert_eq!(output.code, -1, "migrate at {point} ended in another way\n{}", output.report());
    output
}

/// Names of all checks but a few, for `--skip`: the step is walked, and takes no time.
#[cfg(debug_assertions)]
#[track_caller]
pub(crate) fn most_checks(setup: &Setup) -> String {
    let answer = setup.londiste(&["target.ini", "preflight", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer.stdout).expect("one object");
    let findings = answer["findings"].as_array().expect("findings");
    let names: std::collections::BTreeSet<&str> =
        findings.iter().filter_map(|found| found["check"].as_str()).collect();
    let few = ["reachable", "same-database", "version", "large-objects"];
    names.into_iter().filter(|name| !few.contains(name)).collect::<Vec<_>>().join(",")
}

/// Panics unless one line of the answer holds all words.
#[track_caller]
pub(crate) fn line<'a>(output: &'a Output, words: &[&str]) -> &'a str {
    let mut lines = output.stdout.lines().chain(output.stderr.lines());
    let found = lines.find(|line| words.iter().all(|word| line.contains(word)));
    found.unwrap_or_else(|| panic!("no line with {words:?}\n{}", output.report()))
}

pub(crate) fn foreign_keys(database: &Database) -> Vec<Vec<Option<String>>> {
    database.rows(FOREIGN_KEYS)
}

pub(crate) fn catalogs(database: &Database) -> Vec<Vec<Option<String>>> {
    database.rows(CATALOGS)
}

/// Waits until the output of a process in the foreground holds these words.
#[track_caller]
pub(crate) fn wait_said(setup: &Setup, log: &str, words: &str) {
    let file = setup.directory().join(format!("{log}.out"));
    wait_for(WHOLE, words, || {
        let said = std::fs::read_to_string(&file).unwrap_or_default();
        if said.contains(words) { Ok(()) } else { Err(said) }
    });
}
