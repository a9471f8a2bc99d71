//! The image of etc/Containerfile, run as a container engine runs it: ini files from the environment or from a mounted
//! directory, a guided migration from a second container, orphans of hooks, the end by SIGTERM.

use std::time::Duration;

use tests::container::{Container, Running};
use tests::image::Image;
use tests::{Pair, Setup, compare, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(60);
/// A whole migration, with the stand-in ticker that waits a while for a pgqd.
const WHOLE: Duration = Duration::from_secs(240);
/// `stop_timeout` of the jobs.
const STOP: Duration = Duration::from_secs(10);

/// Leaves a process behind that ends later, and tells both.
const HOOK: &str = "(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; \
                    echo over >>/tmp/hook) >/dev/null 2>&1 & echo run >>/tmp/hook";

fn wait_said(container: &Running, words: &str) {
    wait_for(QUICK, words, || match container.said() {
        said if said.contains(words) => Ok(()),
        said => Err(said),
    });
}

/// Processes of that parent that have ended and were not waited for.
fn zombies(parent: u32) -> usize {
    let listed =
        std::process::Command::new("ps").args(["-o", "stat=", "--ppid", &parent.to_string()]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    listed.lines().filter(|state| state.starts_with('Z')).count()
}

/// It is what the image promises: process 1, not root, and its root file system cannot be written.
fn is_confined(pid: u32) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(field("NSpid:").last().map(String::as_str), Some("1"), "{status}");
    assert_eq!(field("Uid:"), ["10001"; 4], "{status}");
    assert_eq!(field("Gid:"), ["10001"; 4], "{status}");
    let mounts = std::fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    assert!(root.split(' ').nth(5).unwrap().split(',').any(|option| option == "ro"), "{mounts}");
}

fn count(pair: &Pair) -> i64 {
    pair.target.number("select count(*) from t")
}

/// The sizes that docs/where-to-run.md tells, of the executables under test.
fn tell_sizes(image: &Image, running: &Running) {
    let size = |path: &str| {
        let path = image.root().join(path);
        let told =
            std::process::Command::new("du").args(["-sk", "--apparent-size"]).arg(path).output().unwrap();
        String::from_utf8(told.stdout).unwrap().split_whitespace().next().unwrap_or_default().to_owned()
    };
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.first().unwrap())).unwrap();
    let resident = status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    let resident: Vec<_> = resident.collect();
    println!("root file system {} kB, program {} kB, {resident:?}", size(""), size("usr/bin/londiste"));
}

#[test]
fn the_image_runs_a_migration_from_the_environment_alone_and_ends_when_it_is_told() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text)");
    let rows: i64 = std::env::var("CONTAINER_ROWS").map_or(1000, |rows| rows.parse().unwrap());
    pair.source
        .execute(&format!("insert into t select i, repeat('x', 200) from generate_series(1, {rows}) i"));
    let setup = Setup::new(&pair);
    let image = match Image::build(&setup) {
        Ok(image) => image,
        Err(reason) => return eprintln!("skipped: no namespaces here: {reason}"),
    };
    let mut bare = Container::default().run(&image, &setup, "bare");
    assert_eq!(bare.wait(QUICK), 1, "{}", bare.said());
    for name in ["SOURCE", "TARGET"] {
        assert!(bare.said().contains(&format!("no variable LONDISTE__{name}_URL is set")), "{}", bare.said());
    }

    let (source, target) = (pair.source.app().uri(), pair.target.app().uri());
    let stop = STOP.as_secs().to_string();
    let environment = [
        ("LONDISTE__SOURCE_URL", source.as_str()),
        ("LONDISTE__TARGET_URL", target.as_str()),
        ("LONDISTE__STOP_TIMEOUT", stop.as_str()),
        ("LONDISTE__HOOK_ON_READY", HOOK),
    ];
    let service = Container { environment: &environment, ..Container::default() };
    let mut early = service.run(&image, &setup, "early");
    assert_eq!(early.wait(QUICK), 1, "{}", early.said());
    assert!(early.said().contains("the database has no complete installation"), "{}", early.said());
    let migrate = ["londiste", "/etc/londiste/target.ini", "migrate", "--no-start", "--skip", "structure"];
    let guided = Container { command: Some(&migrate), environment: &environment, over: None };
    let mut guided = guided.run(&image, &setup, "guided");
    wait_said(&guided, "waiting for: londisted -d /etc/londiste/source.ini /etc/londiste/target.ini");
    let mut running = service.run(&image, &setup, "service");
    wait_said(&running, "worker is ready");
    let code = guided.wait(WHOLE);
    assert_eq!(code, 0, "{}\n{}", guided.said(), running.said());
    assert!(!running.said().contains("WARN"), "{}", running.said());
    pair.source.execute("insert into t values (0)");
    wait_until(QUICK, "the row arrives", || count(&pair) == rows + 1);
    assert_eq!(compare::assert_equal(&pair).rows, rows.unsigned_abs() + 1);

    let first = running.first().unwrap();
    is_confined(first);
    for words in [
        &["/usr/bin/londisted", "status", "/etc/londiste"][..],
        &["/usr/bin/londiste", "/etc/londiste/target.ini", "status"],
    ] {
        let shown = running.exec(&setup, &environment, image.user(), words);
        let shown = &shown.expect_success().stdout;
        assert!(shown.contains("subscriber") && !shown.contains("Secret"), "{shown}");
    }
    // whose parent is gone comes to process 1
    let note = format!("/proc/{first}/root/tmp/hook");
    wait_for(QUICK, "the hook has run and what it has left is over", || {
        let said = std::fs::read_to_string(&note).unwrap_or_default();
        if said.contains("run") && said.contains("over") {
            Ok(())
        } else {
            Err(format!("{said}\n{}", running.said()))
        }
    });
    wait_until(QUICK, "the orphan is gone", || zombies(first) == 0);
    tell_sizes(&image, &running);

    // in the middle of a batch
    let mut locked = pair.target.admin().connect();
    locked.batch_execute("begin; lock table t").unwrap();
    pair.source.execute("insert into t values (-1)");
    wait_until(QUICK, "the worker waits for the table", || {
        let waiting = "select count(*) from pg_stat_activity \
                        where wait_event_type = 'Lock' and application_name like 'target worker%'";
        pair.target.admin().number(waiting) == 1
    });
    running.tell("TERM");
    assert_eq!(running.wait(STOP), 0, "{}", running.said());
    assert!(running.said().contains("SIGTERM: stopping at once"), "{}", running.said());
    drop(locked);
    for said in [bare.said(), guided.said(), running.said()] {
        assert!(!said.contains("Secret"), "{said}");
    }

    // another container has nothing of the first one; this one has files of its own
    let over = setup.directory().join("mounted");
    std::fs::create_dir(&over).unwrap();
    let mounted = Container { over: Some(&over), ..Container::default() };
    let mut empty = mounted.run(&image, &setup, "empty");
    assert_eq!(empty.wait(QUICK), 1);
    assert!(empty.said().contains("no file *.ini is in this directory"), "{}", empty.said());
    for (name, database) in [("source", pair.source.app()), ("target", pair.target.app())] {
        let ini = format!("[londiste]\nqueue_name = migq\ndb = {}\n", database.connstr());
        std::fs::write(over.join(format!("{name}.ini")), ini).unwrap();
    }
    let mut again = mounted.run(&image, &setup, "again");
    wait_until(QUICK, "the row arrives", || count(&pair) == rows + 2);
    again.tell("INT");
    assert_eq!(again.wait(STOP), 0, "{}", again.said());
    assert!(again.said().contains("SIGINT: stopping after what is in hand"), "{}", again.said());
}
