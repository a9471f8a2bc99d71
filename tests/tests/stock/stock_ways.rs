//! What ini files and scripts of the stock tools expect: filters of names, local_only, switches without a process,
//! missing commands, sequences made by add-seq, --force, check and fkeys.

use std::time::Duration;

use tests::{Pair, Setup, Shutdown, compare, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(40);

/// Names that the leaf knows, tables and sequences.
fn known(pair: &Pair) -> String {
    pair.target.value(
        "select coalesce(string_agg(n, ' ' order by n), '') from (select table_name from londiste.table_info \
         union all select seq_name from londiste.seq_info) x (n)",
    )
}

const SCHEMA: &str =
    "create table a (id int primary key, v text); create table b (id int primary key, a int references a);
    create table skipped (id int primary key); create table computed (x int generated always as (7) stored)";

#[test]
fn a_leaf_knows_and_reads_what_its_ini_file_lets_in() {
    let pair = Pair::start();
    pair.both(SCHEMA);
    pair.source.execute(
        "create sequence odd increment -2 minvalue -100 maxvalue 500 start 40 cycle cache 3;
         create sequence hidden; select nextval('odd'), nextval('hidden');
         insert into a select i, i from generate_series(1, 100) i; insert into computed default values;
         insert into computed default values",
    );
    let role = &pair.source.user;
    pair.source.admin().execute(&format!("alter role {role} set log_statement = 'all'"));
    let setup = Setup::new(&pair);
    for (key, value) in
        [("local_only", "1"), ("register_skip_tables", "skip*"), ("register_skip_seqs", "hidden")]
    {
        setup.set("target.ini", key, value);
    }
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["source.ini", "add-seq", "--all"]).expect_success();

    // by events of the root, which come though changes of other tables do not
    let all = "public.a public.b public.computed public.odd";
    wait_until(QUICK, "the provider's names come", || known(&pair) == all);
    let refused = setup.londiste(&["target.ini", "add-table", "skipped"]);
    refused.expect_failure(1, &["public.skipped", "register_skip_tables", "leave it out"]);

    // add-seq --create, and names that are not there
    setup.londiste(&["target.ini", "add-seq", "odd"]).expect_failure(1, &["odd"]);
    let output = setup.londiste(&["target.ini", "add-seq", "odd", "nosuch", "--create-full", "--force"]);
    assert!(
        output.expect_success().stdout.contains("sequence public.odd created and added"),
        "{}",
        output.report()
    );
    assert!(
        output.stderr.contains("public.nosuch") && output.stderr.contains("--force"),
        "{}",
        output.report()
    );
    let definition = "select concat_ws(' ', format_type(seqtypid, null), seqstart, seqincrement, seqmin, \
                                       seqmax, seqcache, seqcycle) \
                        from pg_sequence where seqrelid = 'odd'::regclass";
    assert_eq!(pair.target.value(definition), pair.source.value(definition));

    // rows, with a table of nothing but generated columns among them
    setup.londiste(&["target.ini", "add-table", "a", "computed", "--wait-sync"]).expect_success();
    pair.source.execute(
        "insert into a values (500, 'x'); insert into b values (1, 500); truncate b; \
         insert into computed default values",
    );
    setup.wait_caught_up(QUICK);
    assert_eq!(pair.target.number("select count(*) from a where id = 500"), 1);
    assert_eq!(pair.target.number("select count(*) from computed"), 3);
    assert!(pair.source.cluster.log().contains("ev_type !~"), "the provider filters");
    setup.londiste(&["target.ini", "remove-table", "nosuch"]).expect_failure(1, &["public.nosuch"]);
    setup.londiste(&["target.ini", "remove-table", "nosuch", "--force"]).expect_success();

    // the leaf's own command learns what the worker was told to leave out, once the ini file lets it in
    setup.set("target.ini", "register_skip_tables", "");
    setup.londiste(&["target.ini", "add-table", "skipped", "--wait-sync"]).expect_success();

    // create-leaf reads them as well
    setup.stop_daemon("target");
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    setup.set("target.ini", "register_only_tables", "a, comp*");
    let (here, there) = (pair.target.connstr(), pair.source.connstr());
    let words = ["target.ini", "create-leaf", "subscriber", &here, "--provider", &there];
    assert!(setup.londiste(&words).expect_success().stdout.contains("knows 2 tables and 1 sequences"));
    assert_eq!(known(&pair), "public.a public.computed public.odd");
    setup.set("target.ini", "register_only_tables", "[x");
    setup.londiste(&["target.ini", "tables"]).expect_failure(1, &["register_only_tables", "is not a glob"]);
}

#[test]
fn check_fkeys_node_info_and_what_is_not_here() {
    let pair = Pair::start();
    pair.both(SCHEMA);
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.londiste(&["target.ini", "check"]).expect_success();
    pair.target.execute("alter table a alter v type varchar(9); alter table b add c int not null");
    pair.source.execute("alter table skipped add d date");
    let output = setup.londiste(&["target.ini", "check"]);
    output.expect_failure(
        1,
        &[
            "column v is character varying(9) here, text on the provider",
            "column c integer is here only, NOT NULL and without a default",
            "column d date is missing here",
        ],
    );
    let columns = "alter table skipped drop column d";
    pair.source.execute(columns);
    pair.target.execute("alter table b drop column c");
    setup.londiste(&["source.ini", "check"]).expect_failure(1, &["is the root"]);
    let output = setup.londiste(&["target.ini", "fkeys"]);
    let lines = &output.expect_success().stdout;
    assert!(
        lines.contains("Active fkeys") && lines.contains("b_a_fkey") && lines.contains("Pending fkeys"),
        "{lines}"
    );
    let same = |command| setup.londiste(&["target.ini", command]).expect_success().stdout.lines().count();
    // drift of the definitions above may be told between two calls
    wait_until(QUICK, "both commands say the same", || same("node-info") == same("node-status"));
    for command in [
        "create-branch",
        "change-provider",
        "takeover",
        "resurrect",
        "tag-dead",
        "tag-alive",
        "rename-node",
        "change-handler",
        "show-handlers",
        "copy",
        "install",
    ] {
        let output = setup.londiste(&["target.ini", command, "x", "--all", "--handler=y"]);
        output.expect_failure(2, &[&format!("{command} does not exist in this version: ")]);
    }
    for (option, instead) in [
        ("--handler=bulk", "the stock worker"),
        ("--handler-arg=method=0", "the stock worker"),
        ("--find-copy-node", "leave it out"),
        ("--copy-node=primary", "leave it out"),
        ("--copy-condition=id > 5", "on_conflict = skip"),
        ("--merge-all", "at the leaf of each queue"),
        ("--no-merge", "leave it out"),
        ("--merge=q", "make a leaf with an INI of its own"),
        ("--max-parallel-copy=4", "set parallel_copies in INI"),
        ("--target=subscriber", "docs/switch.md"),
        ("--dead=primary", "drop-node"),
        ("--dead-root", "docs/switch.md"),
        ("--dead-branch", "docs/switch.md"),
        ("--sync-watermark=primary", "leave it out"),
        ("--sort-bufsize=30%", "leave it out"),
    ] {
        for command in ["add-table", "add-seq", "resync"] {
            let output = setup.londiste(&["target.ini", command, "a", option]);
            let name = option.split('=').next().unwrap_or_default();
            output.expect_failure(2, &[&format!("{name} does not exist in this version: "), instead]);
            assert_eq!(output.stderr.lines().count(), 1, "{}", output.report());
        }
    }
    setup.londiste(&["target.ini", "resync", "skipped", "--wait-sync"]).expect_success();

    // wait-sync that comes late tells the copy's time, not its own
    setup.set("target.ini", "copy_rate_limit", "64kB");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    pair.source.execute("insert into a select i, repeat('x', 9) from generate_series(1000, 40000) i");
    setup.wait_caught_up(QUICK);
    setup.londiste(&["target.ini", "resync", "a"]).expect_success();
    wait_for(QUICK, "the copy runs", || {
        let rows = pair.target.try_rows(
            "select 1 from londiste_rs.copy_progress \
              where now() - began > interval '4 s' and rows + bytes > 0",
        );
        if rows.is_ok_and(|rows| !rows.is_empty()) { Ok(()) } else { Err(setup.target_worker().log_end()) }
    });
    // it begins while the copy runs, which goes faster only then
    let mut waiting = setup.foreground("londiste", &["target.ini", "wait-sync", "a"], "waiting");
    std::thread::sleep(Duration::from_secs(2));
    setup.set("target.ini", "copy_rate_limit", "0");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    assert_eq!(waiting.wait(QUICK), 0);
    let text = std::fs::read_to_string(setup.directory().join("waiting.out")).unwrap_or_default();
    let line = text.lines().rev().find(|line| line.starts_with("public.a ") && line.ends_with(" s"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    let seconds: f64 = line.trim_end_matches(" s").rsplit(' ').next().unwrap().parse().unwrap();
    assert!(seconds >= 4.0, "{line}");
    compare::assert_equal(&pair);
}

#[test]
fn a_ticker_waits_for_a_server_that_is_down_at_its_start() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    pair.source.psql_file(&tests::repository().join("sql/init_noext.sql"));
    pair.source.execute(
        "select pgq.create_queue('q'), pgq.set_queue_config('q', 'ticker_idle_period', '10 milliseconds')",
    );
    setup.set("pgqd.ini", "ticker_period", "0.1");
    let list = format!("{}, comes_later", pair.source.dbname);
    setup.set("pgqd.ini", "database_list", &list);
    pair.source.cluster.stop(Shutdown::Fast);
    setup.start_daemon("pgqd");
    assert!(setup.ticker().log().contains("is down, and is waited for"), "{}", setup.ticker().log());
    let status = setup.londisted(&["status", "pgqd.ini"]);
    assert!(status.stdout.contains("cannot connect"), "{}", status.report());
    pair.source.cluster.start_again();
    let tick = || pair.source.number("select coalesce(max(tick_id), 0) from pgq.tick");
    let before = tick();
    wait_until(QUICK, "ticks go on", || tick() > before + 1);
    for word in ["-s", "-k", "-r"] {
        if word == "-k" {
            setup.ticker().wait_gone(QUICK);
        }
        let output = setup.pgqd(&[word, "pgqd.ini"]);
        output.expect_success();
        assert_eq!(
            output.stderr.contains("no process of pgqd.ini runs"),
            word != "-s",
            "{}",
            output.report()
        );
    }
}
