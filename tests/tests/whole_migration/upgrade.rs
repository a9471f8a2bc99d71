//! A migration that processes of version 0.1 have left half done is finished by this version, as docs/operations.md
//! says; and a process that meets schemas of a newer version leaves them alone.
mod application;
mod half_done;
mod old_copy;
mod old_sessions;

use std::process::Command;
use std::time::Duration;

use tests::inventory::{assert_unchanged, inventory};
use tests::load::pgbench::Pgbench;
use tests::load::shop;
use tests::{Invocation, Pair, Setup, compare, executable, repository, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(120);

/// Rows of pgbench's history, which the application only adds to.
const HISTORY: &str = "select count(*) from pgbench_history";
/// Foreign keys of the target that are not yet what they will be while they are replicated.
const FKEYS_UNDER_WAY: &str = "
    select (select count(*) from londiste.pending_fkeys) + (select count(*) from londiste_rs.unvalidated_fkey)
         + (select count(*) from pg_constraint where contype = 'f' and not convalidated
               and connamespace::regnamespace::text in ('public', 'shop'))";

/// The commands printed under a heading of docs/operations.md, each a line.
fn printed(heading: &str) -> Vec<String> {
    let page = std::fs::read_to_string(repository().join("docs/operations.md")).expect("the page");
    let section = page.split(heading).nth(1).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned).collect()
}

/// Types a printed command into a shell of the run directory.
#[track_caller]
fn type_in(setup: &Setup, line: &str) {
    let programs = executable("londiste").parent().expect("a directory").to_path_buf();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell: Command = setup.command("sh");
    shell.args(["-c", line]).env("PATH", path);
    shell.env("SOURCE", setup.source.uri()).env("TARGET", setup.target.uri());
    let output = Invocation::new(shell).run();
    output.expect_success();
    assert!(!output.stderr.contains("ERROR"), "{}", output.report());
}

/// What tells that the application goes on, and that its changes are captured.
#[track_caller]
fn goes_on(pair: &Pair) {
    let last = "select last_value from pgq.event_1_id_seq";
    let before = [pair.source.number(HISTORY), pair.source.number(last)];
    wait_until(SETTLE, "the application goes on", || {
        pair.source.number(HISTORY) > before[0] + 10 && pair.source.number(last) > before[1] + 10
    });
}

#[test]
fn what_version_0_1_has_left_half_done_is_finished_by_this_version() {
    let pair = Pair::start();
    pair.forbid_silencing();
    if !pair.has_chunks() {
        return;
    }
    application::create(&pair);
    let before = [&pair.source, &pair.target].map(|side| inventory(side));
    pair.target.execute("alter table reading add constraint small check (v < 1000)");
    let setup = Setup::new(&pair);
    std::os::unix::fs::symlink(repository().join("sql"), setup.directory().join("sql")).expect("a link");
    let mut old = half_done::begin(&pair);
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(10));
    let bench = Pgbench::start(&setup, 2, 100);
    goes_on(&pair);
    let left = half_done::leave(&mut old, &pair);
    drop(old);

    let lines = printed("\n## Upgrading\n");
    let (leaf, root) =
        lines.split_at(lines.iter().position(|line| line.contains("source.ini")).expect("the root"));
    assert!(leaf.len() >= 3 && root.len() >= 5, "{lines:#?}");
    // the processes of version 0.1 are gone already
    let typed = |lines: &[String]| {
        lines.iter().filter(|line| !line.contains(" -s ")).for_each(|line| type_in(&setup, line));
    };
    typed(leaf);
    goes_on(&pair);
    assert_eq!(pair.source.value(left.generators), "3", "the triggers of version 0.1 are at work");
    // the leaf goes on from the positions that it finds, with a root that is still of version 0.1
    let log = |words: &str| {
        wait_for(SETTLE, words, || match setup.target_worker().log() {
            log if log.contains(words) => Ok(()),
            log => Err(log),
        });
    };
    log(&format!("provider=\"primary\" tick={}", left.position));
    log("the copy goes on behind what is there");
    assert_eq!(pair.target.value(left.kept), left.chunks, "chunks of version 0.1 are kept");
    let schemas = setup.londiste(&["target.ini", "schema"]);
    schemas.expect_failure(3, &["on the source, the database holds version 1 of the londiste-rs schemas"]);

    pair.source.psql_file(&repository().join("sql/init_noext.sql"));
    goes_on(&pair);
    assert_eq!(pair.source.value(left.generators), "3", "only the root's worker writes them anew");
    let stale = setup.londiste(&["source.ini", "check-capture"]);
    stale.expect_failure(1, &["public.reading"]);
    typed(root);

    // the table that was parked stays so, and goes on when what has parked it is mended
    let states = || setup.table_states().into_iter().filter(|(_, state)| state != "ok").collect::<Vec<_>>();
    wait_until(
        SETTLE,
        "all tables but the parked one are ok",
        || matches!(states().as_slice(), [(table, state)] if table == "public.reading" && state == "catching-up"),
    );
    let parked = "select string_agg(table_name || ' ' || ev_id, ',') from londiste_rs.parked_tables('migq')";
    assert_eq!(pair.target.value(parked), format!("public.reading {}", left.failed_event));
    pair.target.execute("alter table reading drop constraint small");
    setup.londiste(&["target.ini", "resume-table", "reading"]).expect_success();
    setup.wait_ok(SETTLE);

    wait_until(SETTLE, "the foreign keys are back and valid", || pair.target.number(FKEYS_UNDER_WAY) == 0);
    wait_until(SETTLE, "no table has a trouble", || {
        pair.target.number("select count(*) from londiste_rs.table_troubles('migq')") == 0
    });
    goes_on(&pair);
    writers.stop().expect_clean();
    bench.stop().expect_clean();
    setup.wait_caught_up(SETTLE);
    let equal = compare::assert_equal(&pair);
    assert!(equal.tables >= 35 && equal.rows > 150_000, "{equal:?}");
    let said = setup.londiste(&["target.ini", "compare"]);
    assert!(said.expect_success().stdout.contains("none differs"), "{}", said.report());
    application::assert_sequences_lead(&pair);
    assert_ne!(pair.source.value(left.generators), "3");
    setup.londiste(&["source.ini", "check-capture"]).expect_success();
    for daemon in [setup.source_worker(), setup.target_worker(), setup.ticker()] {
        let log = daemon.log();
        assert!(!log.contains(" ERROR ") && !log.contains("lost position"), "{log}");
    }

    // and all that version 0.1 has remembered of both sides is known: they become what they were
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    setup.londiste(&["target.ini", "complete", "--abandon"]).expect_success();
    for ((side, before), what) in
        [&pair.source, &pair.target].into_iter().zip(&before).zip(["source", "target"])
    {
        assert_unchanged(what, &inventory(side), before);
    }
}

#[test]
fn a_worker_leaves_schemas_of_a_newer_version_alone() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let setup = Setup::new(&pair);
    setup.replicate();
    let newest = pair.target.number("select londiste_rs.schema_version()") + 1;
    let said = format!(
        "the database holds version {newest} of the londiste-rs schemas, this program knows version {}",
        newest - 1
    );
    pair.target.execute(&format!("insert into londiste_rs.schema_step values ({newest}, 'of tomorrow')"));

    // one that runs, as soon as it connects anew
    pair.target.cluster.terminate_sessions();
    wait_for(SETTLE, "the worker refuses", || {
        let error = pair.target.value("select cur_error from pgq_node.get_worker_state('migq')");
        if error.contains(&said) { Ok(()) } else { Err(error) }
    });
    pair.source.execute("insert into t values (1)");
    setup.stop_daemon("target");
    // one that is started, and a command
    setup.londiste(&["-d", "target.ini", "worker"]).expect_failure(1, &[&said]);
    let provider = format!("--provider={}", setup.source.connstr());
    setup
        .londiste(&["target.ini", "create-leaf", "subscriber", &setup.target.connstr(), &provider])
        .expect_failure(1, &["nothing was changed"]);
    assert_eq!(pair.target.number("select count(*) from t"), 0);

    pair.target.execute("delete from londiste_rs.schema_step where what = 'of tomorrow'");
    setup.start_daemon("target");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
