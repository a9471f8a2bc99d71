//! What hooks of a worker are told: each problem once, and once when it is over, whoever is started anew meanwhile.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tests::{Pair, Setup, Shutdown, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(90);

/// A hook that writes a line.
const NOTE: &str = concat!(
    r#"printf '%s\n' "$LONDISTE_STATE $LONDISTE_KIND $LONDISTE_QUEUE $LONDISTE_JOB $LONDISTE_NODE $LONDISTE_TABLE"#,
    r#" | $LONDISTE_TEXT | $LONDISTE_REMEDY" >>said"#,
);

fn noting(pair: &Pair) -> Setup {
    let setup = Setup::new(pair);
    setup.set("target.ini", "hook_on_problem", NOTE);
    setup.set("target.ini", "hook_on_ready", NOTE);
    setup.set("target.ini", "drift_every", "1 second");
    setup
}

fn said(setup: &Setup) -> Vec<String> {
    let said = std::fs::read_to_string(setup.directory().join("said")).unwrap_or_default();
    said.lines().map(str::to_owned).collect()
}

/// Lines that begin like that.
fn lines(setup: &Setup, beginning: &str) -> Vec<String> {
    said(setup).into_iter().filter(|line| line.starts_with(beginning)).collect()
}

/// Waits for the line of that number; answers it.
#[track_caller]
fn wait_said(setup: &Setup, beginning: &str, number: usize) -> String {
    wait_for(SETTLE, beginning, || match lines(setup, beginning).len() {
        enough if enough >= number => Ok(()),
        _ => Err(format!("{:#?}\n{}", said(setup), setup.logs())),
    });
    let lines = lines(setup, beginning);
    assert_eq!(lines.len(), number, "{lines:#?}");
    lines[number - 1].clone()
}

/// The worker begins anew, and its hooks part has asked the database.
#[track_caller]
fn start_anew(setup: &Setup) {
    setup.stop_daemon("target");
    setup.start_daemon("target");
    let asked = setup.target.number("select count(*) from londiste_rs.drift");
    wait_for(SETTLE, "the part has asked", || {
        let status = setup.londisted(&["status", "--json", "target.ini"]).stdout.clone();
        let shown: serde_json::Value = serde_json::from_str(&status).map_err(|error| error.to_string())?;
        let parts = shown["jobs"][0]["parts"].as_array().cloned().unwrap_or_default();
        let has =
            |name: &str, what: &str| parts.iter().any(|part| part["part"] == name && !part[what].is_null());
        let done = has("hooks", "last_progress") && has("worker", "node") && has("drift", "drift");
        if done { Ok(()) } else { Err(format!("{asked} {status}")) }
    });
}

#[test]
fn what_the_database_records_is_told_once_whoever_is_started_anew() {
    let pair = Pair::start();
    pair.both(
        "create table t (id int primary key, v text, n int); create table \"It's\" (id int primary key, v text);
         create table child (id int primary key, t int references t)",
    );
    pair.source.execute(
        "insert into t select i, 'v', i from generate_series(1, 9) i; insert into child values (1, 1)",
    );
    let setup = noting(&pair);
    setup.replicate();
    setup.londiste(&["target.ini", "compare"]).expect_success();
    let ready = wait_said(&setup, "ready ", 1);
    assert_eq!(
        ready,
        "ready ready migq target_app subscriber  | all tables are in sync and were compared: \
         ready to switch | londiste target.ini switchover --dry-run"
    );

    // a row that only the target has: the insert finds its key taken, and the error names the key
    let replica = "set session_replication_role = replica;";
    pair.target.admin().execute(&format!("{replica} insert into \"It's\" values (471123, 'hidden')"));
    pair.source.execute("insert into \"It's\" values (471123, 'also hidden')");
    let parked = wait_said(&setup, "problem parked ", 1);
    assert!(
        parked.starts_with(
            "problem parked migq target_app subscriber public.It's | public.It's is parked at event "
        ),
        "{parked}"
    );
    assert!(
        parked.ends_with(r"londiste target.ini tables | londiste target.ini resume-table 'public.It'\''s'"),
        "{parked}"
    );
    assert_eq!(said(&setup).len(), 2, "{:#?}", said(&setup));
    start_anew(&setup);

    pair.source.execute("alter table t add more text default 'x'");
    let drift = wait_said(&setup, "problem drift ", 1);
    assert_eq!(
        drift,
        "problem drift migq target_app subscriber public.t | definitions drift: column public.t.more is \
         missing on the target | alter table public.t add column more text default 'x'::text"
    );
    start_anew(&setup);
    pair.source.execute("create table alone (id int)");
    let alone = wait_said(&setup, "problem unreplicated ", 1);
    assert!(
        alone.contains(
            " public.alone | public.alone: table of the root that nobody replicates | \
             londiste source.ini add-table"
        ),
        "{alone}"
    );

    setup.stop_daemon("target");
    pair.target.execute("alter table t add more text default 'x'");
    pair.source.execute("drop table alone");
    setup.start_daemon("target");
    let over = wait_said(&setup, "over drift ", 1);
    assert_eq!(
        over,
        "over drift migq target_app subscriber public.t | definitions drift: \
         column public.t.more is missing on the target | "
    );
    wait_said(&setup, "over unreplicated ", 1);
    pair.target.admin().execute(&format!("{replica} delete from \"It's\" where id = 471123"));
    setup.londiste(&["target.ini", "resume-table", "It's"]).expect_success();
    wait_said(&setup, "over parked ", 1);
    wait_said(&setup, "ready ", 2);
    start_anew(&setup);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let said = said(&setup);
    assert_eq!(said.len(), 8, "nothing is told twice: {said:#?}");
    let secret = setup.target.password.clone().expect("a password");
    let values = |line: &&String| ["471123", "hidden", &secret].iter().any(|word| line.contains(word));
    assert_eq!(said.iter().find(values), None);
    let log = setup.target_worker().log();
    assert!(log.contains("hook_on_problem is told: public.It's is parked"), "{log}");
}

#[test]
fn failing_parts_short_disks_and_rows_that_differ_are_problems() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text)");
    pair.source.execute("insert into t select i, 'v' from generate_series(1, 50) i");
    let setup = noting(&pair);
    setup.set("target.ini", "compare_every", "1 second");
    setup.set("source.ini", "hook_on_problem", NOTE);
    setup.replicate();
    wait_said(&setup, "ready ", 1);
    for (file, job) in [("target.ini", "target_app subscriber"), ("source.ini", "source_app primary")] {
        setup.set(file, "disk_reserve", "1000000GB");
        setup.londiste(&["-r", file]).expect_success();
        let disk = wait_said(&setup, &format!("problem disk migq {job} "), 1);
        let directory = setup.directory().display().to_string();
        assert!(
            disk.contains(&directory) && disk.contains(" MB of room, less than disk_reserve | df -h "),
            "{disk}"
        );
        setup.set(file, "disk_reserve", "0");
        setup.londiste(&["-r", file]).expect_success();
        wait_said(&setup, &format!("over disk migq {job} "), 1);
    }
    wait_said(&setup, "ready ", 2);

    let replica = "set session_replication_role = replica;";
    pair.target.admin().execute(&format!("{replica} update t set v = 'other' where id in (7, 8)"));
    let differ = wait_said(&setup, "problem comparison ", 1);
    assert!(
        differ.ends_with(
            "public.t | 2 rows of public.t differ, of 50 that were compared | \
             londiste target.ini repair public.t"
        ),
        "{differ}"
    );
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    wait_said(&setup, "over comparison ", 1);
    wait_said(&setup, "ready ", 3);

    pair.source.cluster.stop(Shutdown::Fast);
    let part = wait_said(&setup, "problem part migq target_app subscriber  | worker fails, ", 1);
    assert!(part.contains(" times in a row: ") && part.ends_with(" | londisted status target.ini"), "{part}");
    let on_root = wait_said(&setup, "problem part migq source_app ", 1);
    assert!(on_root.contains("worker fails"), "{on_root}");
    pair.source.cluster.start_again();
    wait_said(&setup, "over part migq target_app subscriber  | worker fails, ", 1);
    wait_said(&setup, "over part migq source_app ", 1);
    let secret = setup.target.password.clone().expect("a password");
    assert!(
        said(&setup).iter().all(|line| !line.contains(&secret) && !line.contains("other")),
        "{:#?}",
        said(&setup)
    );
}

#[test]
fn a_hook_that_hangs_or_fails_holds_nothing_up_and_ends_with_all_that_it_started() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text)");
    let setup = noting(&pair);
    setup.set("target.ini", "hook_on_problem", "sleep 3600 & echo $! >>children; echo I hang; wait");
    setup.set("target.ini", "hook_timeout", "3600");
    setup.replicate();
    setup.londiste(&["target.ini", "compare"]).expect_success();
    let children = || std::fs::read_to_string(setup.directory().join("children")).unwrap_or_default();
    let is_gone = |child: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
        stat.map_or(true, |stat| stat.contains(") Z"))
    };
    wait_said(&setup, "ready ", 1);
    pair.source.execute("alter table t add n int");
    wait_until(SETTLE, "the hook hangs", || children().lines().count() == 1);
    pair.target.execute("alter table t add n int");
    pair.source.execute("insert into t values (1, 'x', 1)");
    setup.wait_caught_up(SETTLE);
    assert!(!is_gone(children().trim()), "it hangs still");
    assert_eq!(pair.target.value("select v from t"), "x");

    // what stops waits for no hook, and what the hook did not come to its end with is told again
    pair.source.execute("alter table t add m int");
    setup.set("target.ini", "hook_timeout", "1");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    wait_until(SETTLE, "the first child is gone", || is_gone(children().lines().next().expect("one")));
    let late = "hook_on_problem (sleep 3600 & echo $! >>children; echo I hang; wait) did not end within 1 s \
                (hook_timeout) and was ended, with all that it had started; its last output: I hang";
    wait_for(SETTLE, "it is told that it was late", || {
        let log = setup.target_worker().log();
        if log.contains(late) { Ok(()) } else { Err(log) }
    });
    wait_until(SETTLE, "all children are gone", || children().lines().all(is_gone));

    setup.set("target.ini", "hook_on_problem", "echo no luck; exit 7");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    pair.target.execute("alter table t add m int, add own int");
    wait_for(SETTLE, "its exit code is told", || {
        let log = setup.target_worker().log();
        let told = log.contains("failed: exit status: 7; its last output: no luck");
        if told { Ok(()) } else { Err(log) }
    });
    pair.source.execute("insert into t values (2, 'y', 2, 2)");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select v from t where id = 2"), "y");
}

/// Takes one request; answers its head and its body.
fn request(listener: &TcpListener) -> (String, String) {
    let (mut stream, _) = listener.accept().expect("somebody calls");
    let mut reader = BufReader::new(stream.try_clone().expect("a reader"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("it speaks") > 0, "{head}");
    }
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.expect("a length").parse().expect("a number")];
    reader.read_exact(&mut body).expect("a body");
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .expect("it listens");
    (head, String::from_utf8(body).expect("a text"))
}

#[test]
fn the_sample_posts_to_a_webhook() {
    let has_curl = Path::new("/usr/bin/curl").exists();
    assert!(has_curl, "install curl: the sample needs it");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let pair = Pair::start();
    pair.both("create table \"say \"\"hi\"\" \\\" (id int primary key)");
    let setup = noting(&pair);
    std::fs::write(setup.directory().join("url"), format!("http://127.0.0.1:{port}/hooks/token?a=b\n"))
        .expect("a file");
    let script = tests::repository().join("etc/webhook.sh");
    setup.set("target.ini", "hook_on_problem", &format!("sh {} url", script.display()));
    setup.replicate();
    setup.londiste(&["target.ini", "compare"]).expect_success();
    wait_said(&setup, "ready ", 1);
    pair.source.execute("alter table \"say \"\"hi\"\" \\\" add n text default E'two\\nlines'");
    let (head, body) = request(&listener);
    assert!(head.starts_with("POST /hooks/token?a=b HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    let shown: serde_json::Value = serde_json::from_str(&body).expect(&body);
    let of = |name: &str| shown[name].as_str().expect(name).to_owned();
    let told = ["state", "kind", "queue", "node", "table", "job"].map(of);
    assert_eq!(told, ["problem", "drift", "migq", "subscriber", "public.say \"hi\" \\", "target_app"]);
    let text = of("text");
    assert!(text.starts_with("PROBLEM (drift) target_app: definitions drift: column "), "{text}");
    assert!(
        text.contains(" to mend it: alter table public.\"say \"\"hi\"\" \\\" add column n text"),
        "{text}"
    );
    pair.target.execute("alter table \"say \"\"hi\"\" \\\" add n text default E'two\\nlines'");
    let (_, body) = request(&listener);
    assert!(body.contains("\"state\":\"over\"") && body.contains("over (drift) target_app"), "{body}");
    assert!(!setup.target_worker().log().contains("ERROR"), "{}", setup.target_worker().log());

    // nobody answers: curl says why, and the worker says it
    drop(listener);
    pair.source.execute("alter table \"say \"\"hi\"\" \\\" add m int");
    wait_for(SETTLE, "it is told that nobody answers", || {
        let log = setup.target_worker().log();
        let told = log.contains("url) failed: exit status: 7; its last output: curl: (7)");
        if told { Ok(()) } else { Err(log) }
    });
}
