//! Workers, servers and connections are lost while the root moves, under writers on both sides.

use std::process::{Child, Stdio};
use std::time::Duration;

use tests::proxy::Proxy;
use tests::{Pair, Setup, compare, wait_until};

use crate::scene::{SETTLE, Scene};
use crate::writer::{self, Writers, assert_never_both};

const TROUBLES: &[&str] =
    &["target worker", "source worker", "source server", "target server", "source server", "target server"];

fn begin(scene: &Scene, ini: &str) -> Child {
    let log = std::fs::File::create(scene.setup.directory().join("switch.out")).expect("a file");
    let mut command = scene.setup.command(scene.setup.executable("londiste", &[ini]));
    command.args([ini, "switchover", "--force", "comparison,triggers"]).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a file")).stderr(log).spawn().expect("the command runs")
}

fn trouble(scene: &Scene, what: &str) {
    let (pair, setup) = (&scene.pair, &scene.setup);
    match what {
        "target worker" => {
            setup.target_worker().kill();
            setup.start_daemon("target");
        }
        "source worker" => {
            setup.source_worker().kill();
            setup.start_daemon("source");
        }
        "source server" => {
            pair.source.cluster.kill();
            pair.source.cluster.start_again();
        }
        _ => {
            pair.target.cluster.kill();
            pair.target.cluster.start_again();
        }
    }
}

#[test]
fn workers_and_servers_die_while_the_root_moves() {
    let scene = Scene::of(writer::TABLE);
    let writers = Writers::start(&scene.pair);
    for (number, what) in TROUBLES.iter().enumerate() {
        let ini = if number % 2 == 0 { "target.ini" } else { "source.ini" };
        let mut command = begin(&scene, ini);
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..2500)));
        trouble(&scene, what);
        command.wait().expect("the command ends");
        let said = || std::fs::read_to_string(scene.setup.directory().join("switch.out")).unwrap_or_default();
        let mut last = said();
        wait_until(Duration::from_secs(120), "the switch is made in the end", || {
            let again = scene.setup.londiste(&[ini, "switchover", "--force", "comparison,triggers"]);
            let is_root = again.code == 1 && again.report().contains("already");
            last = again.report();
            again.code == 0 || is_root
        });
        std::thread::sleep(Duration::from_millis(300));
    }
    let accepted = writers.stop();
    assert_never_both(&accepted);
    let same = || compare::databases(scene.pair.source.app(), scene.pair.target.app()).is_ok();
    wait_until(SETTLE, "both sides are equal", same);
    for (side, list) in ["source", "target"].iter().zip(&accepted) {
        assert!(!list.is_empty(), "the {side} took no change at all");
        let ids: Vec<String> = list.iter().map(|one| one.id.to_string()).collect();
        let there =
            format!("select count(*) from written where n = 1 and id = any ('{{{}}}')", ids.join(","));
        assert_eq!(scene.pair.source.number(&there), i64::try_from(list.len()).unwrap(), "{side}");
    }
}

/// The command and the leaf's worker reach the source through a proxy; the source's own worker does not.
#[test]
fn a_root_whose_connection_hangs_is_opened_by_its_worker() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let proxy = Proxy::before(pair.source.cluster.port());
    let setup = Setup::new(&pair);
    setup.set("target.ini", "remote_extra_connstr", &format!("port={}", proxy.port()));
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        setup.londiste(&[ini, "add-table", "t"]).expect_success();
    }
    setup.wait_ok(SETTLE);
    setup.londiste(&["target.ini", "compare"]).expect_success();
    let mut writer = pair.source.connect();
    writer.batch_execute("begin; insert into t values (1)").expect("a change");
    let mut command = setup.command(setup.executable("londiste", &["target.ini"]));
    command.args([
        "target.ini",
        "switchover",
        "--deadline",
        "4",
        "--drain",
        "20",
        "--max-transaction",
        "600",
    ]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command runs");
    let frozen = "select count(*) from londiste_rs.switch where state = 'frozen'";
    wait_until(SETTLE, "the root is frozen", || pair.source.number(frozen) == 1);
    proxy.swallow();
    drop(writer);
    let ended = child.wait_with_output().expect("the command ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("IS CLOSED and could not be opened") && said.contains("--abort"), "{said}");
    wait_until(SETTLE, "the root's worker opens it", || {
        pair.source.connect().batch_execute("insert into t values (2)").is_ok()
    });
    proxy.heal();
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "switchover", "--force", "comparison,triggers"]).expect_success();
    pair.target.execute("insert into t values (3)");
    let same = || compare::databases(pair.source.app(), pair.target.app()).is_ok();
    wait_until(SETTLE, "both sides are equal", same);
}
