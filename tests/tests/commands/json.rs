//! `--json` of the commands that read: one object on standard output, its fields documented, exit codes as without it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tests::{Pair, Setup, wait_until};

const QUICK: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
    create table parent (id serial primary key, t text);
    create table child (id int primary key, parent int constraint child_parent references parent);
    create table \"odd \"\" name\" (id int primary key);";

/// Runs a command with and without `--json`; both end with this exit code.
#[track_caller]
fn asked(setup: &Setup, words: &[&str], code: i32) -> Value {
    let plain = setup.londiste(words);
    assert_eq!(plain.code, code, "{}", plain.report());
    let mut words = words.to_vec();
    words.push("--json");
    let answer = setup.londiste(&words);
    assert_eq!(answer.code, code, "{}", answer.report());
    assert_eq!(answer.stdout.lines().count(), 1, "one object on one line: {}", answer.report());
    for secret in ["live-Secret1", "cloud-Secret2"] {
        assert!(!answer.stdout.contains(secret), "{}", answer.report());
    }
    let object: Value =
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {}", answer.report()));
    assert_eq!(object["version"], 1, "{object}");
    let command = words[1];
    if command != "config" {
        assert!(object["queue"] == "migq" && object["node"].is_string(), "{object}");
    }
    is_documented(command, &object);
    object
}

/// Every field stands in the command's section of docs/json.md.
#[track_caller]
fn is_documented(command: &str, object: &Value) {
    let page = std::fs::read_to_string(tests::repository().join("docs/json.md")).expect("docs/json.md");
    let (head, _) = page.split_once("\n## ").expect("sections");
    let section = if command == "node-info" { "node-status" } else { command };
    let mark = format!("\n## {section}\n");
    let (_, behind) =
        page.split_once(&mark).unwrap_or_else(|| panic!("docs/json.md has no section {section}"));
    let text = behind.split("\n## ").next().unwrap_or_default();
    // a running copy is described once
    let copies =
        page.split_once("| | `copies`:").map(|(_, copies)| copies.lines().next().unwrap_or_default());
    let mut fields = BTreeSet::new();
    collect(object, &mut fields);
    for field in fields {
        let word = format!("`{field}`");
        let known = [head, text, copies.unwrap_or_default()].iter().any(|part| part.contains(&word));
        assert!(known, "{command}: {field} is not in its section of docs/json.md\n{object}");
    }
}

fn collect<'a>(value: &'a Value, fields: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(object) => {
            for (field, value) in object {
                fields.insert(field);
                // its fields are names of states
                if field != "states" {
                    collect(value, fields);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, fields)),
        _ => {}
    }
}

#[test]
fn commands_that_read_answer_in_json() {
    let pair = Pair::start();
    pair.both(SCHEMA);
    pair.source.execute(
        "insert into parent select i, 'x' from generate_series(1, 9) i; insert into child values (1, 1)",
    );
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        setup.londiste(&[ini, "add-table", "--all"]).expect_success();
        setup.londiste(&[ini, "add-seq", "--all"]).expect_success();
    }
    setup.wait_ok(QUICK);
    pair.source.execute("create table forgotten (id int primary key); create sequence lost");
    let left = "select count(*) from londiste_rs.changed_fkey where state in ('dropped', 'unvalidated')";
    wait_until(QUICK, "foreign keys are back", || pair.target.number(left) == 0);
    setup.londiste(&["target.ini", "compare"]).expect_success();

    let status = asked(&setup, &["target.ini", "status"], 0);
    assert_eq!(
        (&status["migration"]["state"], &status["node"]),
        (&"ready".into(), &"subscriber".into()),
        "{status}"
    );
    let nodes = status["nodes"].as_array().unwrap();
    let leaf = nodes.iter().find(|node| node["type"] == "leaf").unwrap();
    assert_eq!((&leaf["tables"]["ok"], &leaf["provider"]), (&3.into(), &"primary".into()), "{status}");
    assert!(leaf["lag"].is_number() && leaf["unreachable"].is_null(), "{status}");

    let node = asked(&setup, &["target.ini", "node-status"], 0);
    assert_eq!((&node["states"]["ok"], &node["worker"]), (&3.into(), &"target_app".into()), "{node}");
    asked(&setup, &["source.ini", "node-info"], 0);

    let tables = asked(&setup, &["target.ini", "tables"], 0);
    let named = |name: &str| {
        tables["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).cloned().unwrap()
    };
    assert_eq!(named("public.odd \" name")["state"], "ok", "{tables}");
    assert_eq!(named("public.parent")["comparison"]["verdict"], "equal", "{tables}");
    assert!(named("public.child")["copy"].is_null(), "{tables}");
    setup
        .londiste(&["target.ini", "tables", "--names-only", "--json"])
        .expect_failure(2, &["cannot be used with"]);

    let seqs = asked(&setup, &["target.ini", "seqs"], 0);
    assert_eq!(seqs["sequences"][0]["sequence"], "public.parent_id_seq", "{seqs}");
    assert!(seqs["sequences"][0]["last_value"].as_i64().unwrap() > 0, "{seqs}");

    let members = asked(&setup, &["source.ini", "members"], 0);
    assert_eq!(members["members"].as_array().unwrap().len(), 2, "{members}");
    let shown = setup.londiste(&["source.ini", "members", "--show-passwords", "--json"]);
    assert!(
        shown.expect_success().stdout.contains("Secret"),
        "asked for, they are shown: {}",
        shown.report()
    );

    let missing = asked(&setup, &["source.ini", "missing"], 0);
    let missing: Vec<_> = missing["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].clone(), one["name"].clone()))
        .collect();
    assert!(missing.contains(&("table".into(), "public.forgotten".into())), "{missing:?}");
    assert!(missing.contains(&("sequence".into(), "public.lost".into())), "{missing:?}");
    assert_eq!(asked(&setup, &["target.ini", "missing"], 0)["missing"], Value::Array(Vec::new()));

    let fkeys = asked(&setup, &["source.ini", "fkeys"], 0);
    assert_eq!(fkeys["active"][0]["name"], "child_parent", "{fkeys}");

    let config = asked(&setup, &["target.ini", "config"], 0);
    let keys = config["keys"].as_array().unwrap();
    let db = keys.iter().find(|key| key["key"] == "db").unwrap();
    assert!(
        db["value"].as_str().unwrap().contains("dbname=")
            && db["origin"].as_str().unwrap().contains("target.ini:"),
        "{db}"
    );
}

#[test]
fn exit_codes_are_the_same_where_something_is_wrong() {
    let pair = Pair::start();
    pair.both(SCHEMA);
    let setup = Setup::new(&pair);
    setup.set("target.ini", "drift_every", "0");
    setup.replicate();
    let sound = asked(&setup, &["source.ini", "check-capture"], 0);
    assert_eq!((&sound["sound"], sound["tables"].as_array().unwrap().len()), (&true.into(), 3), "{sound}");
    assert_eq!(asked(&setup, &["target.ini", "check"], 0)["same"], true);

    // the worker, which would mend it, waits
    setup.londiste(&["source.ini", "pause"]).expect_success();
    let drop = "do $$ declare t name; \
                begin for t in select tgname from pg_trigger where tgrelid = 'child'::regclass and not tgisinternal \
                loop execute format('drop trigger %I on child', t); end loop; end $$";
    pair.source.execute(drop);
    let broken = asked(&setup, &["source.ini", "check-capture", "public.child"], 1);
    assert!(
        broken["sound"] == false && !broken["tables"][0]["problems"].as_array().unwrap().is_empty(),
        "{broken}"
    );
    let mended = setup.londiste(&["source.ini", "check-capture", "--apply", "--json"]);
    let mended: Value = serde_json::from_str(&mended.expect_success().stdout).unwrap();
    let child =
        mended["tables"].as_array().unwrap().iter().find(|table| table["table"] == "public.child").unwrap();
    assert!(mended["sound"] == true && child["repaired"] == true, "{mended}");
    asked(&setup, &["source.ini", "check-capture", "nowhere.nothing"], 1);
    setup.londiste(&["source.ini", "resume"]).expect_success();

    pair.target.execute("alter table parent alter t type varchar(3)");
    let differs = asked(&setup, &["target.ini", "check", "public.parent"], 1);
    assert!(
        differs["tables"][0]["differences"][0].as_str().unwrap().contains("character varying"),
        "{differs}"
    );
    pair.source.execute("insert into parent values (7, 'longer')");
    wait_until(QUICK, "the table is parked", || {
        pair.target.number("select count(*) from londiste_rs.parked_tables('migq')") == 1
    });
    let tables = asked(&setup, &["target.ini", "tables"], 0);
    let parked = tables["tables"].as_array().unwrap().iter().find(|table| table["parked"] == true).unwrap();
    assert!(
        parked["table"] == "public.parent" && parked["trouble"].as_str().unwrap().contains("parked"),
        "{tables}"
    );
    let status = asked(&setup, &["target.ini", "status"], 0);
    assert_eq!(status["migration"]["next"][0]["command"], "londiste target.ini tables", "{status}");

    setup.set("target.ini", "loop_delay", "often");
    let config = setup.londiste(&["target.ini", "config", "--json"]);
    assert_eq!(config.code, 1, "{}", config.report());
    assert!(serde_json::from_str::<Value>(&config.stdout).is_ok(), "{}", config.report());
    setup.set("target.ini", "loop_delay", "1");
    pair.source.cluster.stop(tests::Shutdown::Immediate);
    let status = asked(&setup, &["target.ini", "status"], 0);
    let away = status["nodes"].as_array().unwrap().iter().find(|node| node["node"] == "primary").unwrap();
    assert!(away["unreachable"].is_string() && status["migration"]["state"] == "blocked", "{status}");
    let failed = setup.londiste(&["source.ini", "tables", "--json"]);
    assert!(failed.code == 1 && failed.stdout.is_empty() && !failed.stderr.is_empty(), "{}", failed.report());
}
