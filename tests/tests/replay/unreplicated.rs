//! Tables and sequences of the root that nobody replicates are told, unless they are left out.
use std::time::Duration;

use tests::http::{free_port, get};
use tests::{Pair, wait_for};

use crate::drift::{kept, looking_every_second, tables, wait_kept};

const SETTLE: Duration = Duration::from_secs(60);

/// New tables and sequences of the root, and tables that have another name here.
#[test]
fn what_nobody_replicates_is_told_unless_it_is_left_out() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text); create sequence s");
    pair.source.execute("create table there (id serial primary key, v text default 'x', check (id > 0))");
    pair.target.execute("create schema far; create table far.\"Here\" (id int primary key, v text)");
    let setup = looking_every_second(&pair);
    let port = free_port();
    setup.set("target.ini", "metrics_listen", &port.to_string());
    setup.set("target.ini", "register_skip_tables", "scratch_*");
    setup.start_nodes();
    pair.source.execute("create table scratch_1 (id int)");
    setup.londiste(&["source.ini", "add-table", "t", "there"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "t"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "there", "--dest-table=far.Here"]).expect_success();
    setup.wait_ok(SETTLE);
    wait_kept(
        &setup,
        "unreplicated",
        "public.s: sequence of the root that nobody replicates; \
         public.there_id_seq: sequence of the root that nobody replicates",
    );
    setup.londiste(&["source.ini", "add-seq", "--all"]).expect_success();
    wait_kept(&setup, "unreplicated", "");
    pair.source.execute(
        "create table \"it's new\" (id int primary key, v text); create table parts (id int) partition by range (id);
         create table parts_1 partition of parts for values from (1) to (2); create sequence later;
         create temp table none (a int);
         create table scratch_2 (id int)",
    );
    wait_kept(
        &setup,
        "unreplicated",
        "public.it's new: table of the root that nobody replicates; public.later: sequence of the root that \
         nobody replicates; public.parts: table of the root that nobody replicates",
    );
    let told = tables(&setup);
    let add = "public.it's new: table of the root that nobody replicates";
    let words = concat!(
        r"londiste source.ini add-table 'public.it'\''s new', ",
        r"then londiste target.ini add-table --create-full 'public.it'\''s new'",
    );
    assert!(told.contains(add) && told.contains(words), "{told}");
    let status = setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
    assert!(status.contains("public.later: sequence of the root that nobody replicates"), "{status}");
    wait_for(SETTLE, "metrics tell it", || {
        let metrics = get(port, "/metrics");
        let told = metrics.contains("londiste_drift{job=\"target_app\",subject=\"unreplicated\"} 3");
        if told { Ok(()) } else { Err(metrics) }
    });
    let page = get(port, "/");
    assert!(
        page.contains("<h2>Findings</h2>") && page.contains("<td>public.parts<td>table of the root"),
        "{page}"
    );
    for [ini, command, name] in [
        ["source.ini", "add-table", "it's new"],
        ["target.ini", "add-table", "it's new"],
        ["source.ini", "add-table", "parts"],
        ["target.ini", "add-table", "parts"],
        ["source.ini", "add-seq", "later"],
        ["target.ini", "add-seq", "later"],
    ] {
        let create = match (ini, command) {
            ("source.ini", _) => None,
            (_, "add-table") => Some("--create-full"),
            _ => Some("--create"),
        };
        let words: Vec<&str> = [ini, command].into_iter().chain(create).chain([name]).collect();
        setup.londiste(&words).expect_success();
    }
    wait_kept(&setup, "unreplicated", "");
    wait_for(SETTLE, "metrics tell it", || {
        let metrics = get(port, "/metrics");
        let told = metrics.contains("londiste_drift{job=\"target_app\",subject=\"unreplicated\"} 0");
        if told { Ok(()) } else { Err(metrics) }
    });

    // a table of another name, column by column, and JSON for machines
    assert_eq!(kept(&setup, "definition"), "");
    pair.source.execute("alter table there add \"Two words\" text not null default 'there'");
    let what = "column far.\"Here\".\"Two words\" is missing on the target";
    wait_kept(&setup, "definition", &format!("public.there: {what}"));
    wait_for(SETTLE, "the process tells it", || {
        let process = setup.londisted(&["status", "--json", "target.ini"]).stdout.clone();
        let shown: serde_json::Value = serde_json::from_str(&process).expect("JSON");
        let parts = shown["jobs"][0]["parts"].as_array().expect("parts").clone();
        let part = parts.into_iter().find(|part| part["part"] == "drift").expect("it looks");
        let found = &part["drift"]["definitions"][0];
        match (&found["table"], &found["what"], &found["stops"]) {
            (table, said, stops) if table == "public.there" && said == what && stops == true => Ok(()),
            _ => Err(process),
        }
    });
    let metrics = get(port, "/metrics");
    assert!(metrics.contains("londiste_drift{job=\"target_app\",subject=\"stops\"} 1"), "{metrics}");
    let text = setup.londisted(&["status", "target.ini"]).stdout.clone();
    assert!(text.contains("definitions: 1 DIFFER, 1 STOPS REPLICATION") && text.contains(what), "{text}");
    // a provider of the stock tools cannot say what nobody replicates; its definitions are compared all the same
    pair.source.execute("create table last (id int primary key)");
    wait_kept(&setup, "unreplicated", "public.last: table of the root that nobody replicates");
    pair.source.execute("alter schema londiste_rs rename to londiste_away");
    wait_kept(&setup, "unreplicated", "");
    pair.source.execute("alter table t add late int");
    wait_kept(
        &setup,
        "definition",
        &format!("public.t: column public.t.late is missing on the target; public.there: {what}"),
    );
    pair.target.execute("alter table t add late int");
    pair.source.execute("alter schema londiste_away rename to londiste_rs");
    wait_kept(&setup, "unreplicated", "public.last: table of the root that nobody replicates");
    wait_kept(&setup, "definition", &format!("public.there: {what}"));
    // told without the process, and gone with the table
    setup.stop_daemon("target");
    assert!(tables(&setup).contains("far.Here: DRIFT, stops replication"), "{}", tables(&setup));
    setup.londiste(&["target.ini", "remove-table", "there"]).expect_success();
    assert!(!tables(&setup).contains("DRIFT"), "{}", tables(&setup));
    setup.set("target.ini", "drift_every", "0");
    setup.start_daemon("target");
    let parts = setup.londisted(&["status", "target.ini"]).stdout.clone();
    assert!(!parts.contains("  drift "), "{parts}");
}
