//! What the guard refuses, who comes second, and what hooks say.

use tests::compare;

use crate::scene::Scene;

const TABLES: &str = "create table t (id int primary key, v int); create sequence s";

#[test]
fn the_guard_names_what_stands_in_the_way() {
    let scene = Scene::of(TABLES);
    let switchover = |more: &[&str]| {
        let mut words = vec!["target.ini", "switchover"];
        words.extend(more);
        scene.setup.londiste(&words)
    };
    switchover(&["--dry-run"]).expect_success();
    scene
        .setup
        .londiste(&["source.ini", "switchover"])
        .expect_failure(1, &["is the root of queue", "already"]);
    switchover(&["--force", "tables"]).expect_failure(2, &["tables"]);

    let source = &scene.pair.source;
    source.execute("create table new (id int primary key); create sequence lonely; select lo_create(4711)");
    let refused = switchover(&[]);
    refused.expect_failure(
        1,
        &[
            "left-out",
            "table public.new",
            "add-table public.new",
            "sequence public.lonely",
            "is missing",
            "1 large objects",
        ],
    );
    refused.expect_failure(1, &["nothing has changed", "--force left-out"]);
    source.execute("drop sequence lonely; drop table new; select lo_unlink(4711)");

    scene.pair.target.execute("alter table t add column more int");
    switchover(&[]).expect_failure(1, &["structure", "column public.t.more", "is there only"]);
    switchover(&["--dry-run", "--force", "structure"]).expect_success();
    scene.pair.target.execute("alter table t drop column more");

    scene.pair.target.execute("delete from londiste_rs.comparison");
    switchover(&[]).expect_failure(1, &["comparison", "was never compared", "compare public.t"]);
    scene.setup.londiste(&["target.ini", "compare"]).expect_success();
    switchover(&["--max-compare-age", "0"]).expect_failure(1, &["was equal 0 h ago"]);

    scene.setup.stop_daemon("target");
    let stopped = switchover(&["--max-lag", "1"]);
    stopped.expect_failure(1, &["lag", "is its worker running?"]);
    stopped.expect_failure(1, &["the worker of node subscriber", "is not at work", "start londisted"]);
    scene.setup.start_daemon("target");

    scene.pair.target.execute(
        "create function noted() returns trigger language plpgsql as $$ begin new.v := 0; return new; end $$;
         create trigger noted before insert on t for each row execute function noted();
         alter table t enable always trigger noted",
    );
    switchover(&[]).expect_failure(
        1,
        &["triggers", "trigger noted", "fires for each replayed row", "--force structure,triggers"],
    );
    scene.pair.target.execute("drop trigger noted on t");
    switchover(&[]).expect_success();
}

#[test]
fn the_second_one_is_told_who_runs_the_first() {
    let scene = Scene::of(TABLES);
    let waiting = scene.waiting(&[]);
    for ini in ["target.ini", "source.ini"] {
        let second = scene.setup.londiste(&[ini, "switchover"]);
        second.expect_failure(
            1,
            &[if ini == "target.ini" { "another switch of queue" } else { "is the root" }],
        );
    }
    scene
        .setup
        .londiste(&["target.ini", "switchover", "--abort"])
        .expect_failure(1, &["londiste switchover, process"]);
    let status = scene.setup.londiste(&["target.ini", "switchover", "--status"]);
    assert!(status.expect_success().stdout.contains("is prepared"), "{}", status.report());
    waiting.go();
    let (exit, said) = waiting.end();
    assert_eq!(exit, 0, "{said}");
    let status = scene.setup.londiste(&["target.ini", "switchover", "--status", "--json"]);
    assert!(status.expect_success().stdout.contains("\"state\":\"done\""), "{}", status.report());
    compare::assert_equal(&scene.pair);
}

#[test]
fn hooks_are_run_with_the_facts_and_one_that_fails_ends_the_switch() {
    let scene = Scene::of(TABLES);
    let note = |name: &str| {
        format!(
            "echo {name} $LONDISTE_QUEUE $LONDISTE_FROM $LONDISTE_TO $LONDISTE_TICK $LONDISTE_REASON >>said"
        )
    };
    scene.setup.set("target.ini", "hook_before_freeze", "false");
    scene.setup.set("target.ini", "hook_after_switch", &note("after"));
    scene.setup.set("target.ini", "hook_on_abort", &note("abort"));
    let failed = scene.setup.londiste(&["target.ini", "switchover"]);
    failed.expect_failure(1, &["hook_before_freeze", "exit status: 1"]);
    scene.pair.source.execute("insert into t values (1, 1)");
    scene.setup.set("target.ini", "hook_before_freeze", &note("before"));
    scene.setup.set("target.ini", "hook_timeout", "1");
    scene.setup.wait_caught_up(crate::scene::SETTLE);
    let mut holder = scene.pair.source.connect();
    holder.batch_execute("begin; insert into t values (2, 2)").expect("a change");
    scene.setup.londiste(&["target.ini", "switchover", "--drain", "0"]).expect_failure(1, &["do not end"]);
    drop(holder);
    scene.setup.londiste(&["target.ini", "switchover"]).expect_success();
    let said = std::fs::read_to_string(scene.setup.directory().join("said")).expect("hooks have spoken");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[0].starts_with("before migq primary subscriber"), "{said}");
    assert!(lines[1].starts_with("abort migq primary subscriber transactions that have written"), "{said}");
    assert!(lines[3].starts_with("after migq primary subscriber ") && lines[3].len() > 30, "{said}");
}
