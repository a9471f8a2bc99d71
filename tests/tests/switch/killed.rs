//! The command dies at each step while the application writes on both sides; it is given again, or taken back.
#![cfg(debug_assertions)]

use std::time::Duration;

use tests::{Pair, Setup, compare, wait_until};

use crate::ticking::Ticking;
use crate::writer::{self, Writers, assert_never_both};

const SETTLE: Duration = Duration::from_secs(60);

/// Where it dies, and whether the old root has left by then.
const FORWARD: &[(&str, bool)] = &[
    ("switch-prepared", false),
    ("switch-captured", false),
    ("switch-frozen", false),
    ("switch-drained", false),
    ("switch-applied", false),
    ("switch-verified", false),
    ("switch-left", true),
    ("switch-taken", true),
    ("switch-settled", true),
];

/// Where the taking back dies: the point, and where the switch died before.
const BACK: &[(&str, &str)] = &[
    ("switch-kept", "switch-drained"),
    ("switch-given-up", "switch-left"),
    ("switch-returned", "switch-left"),
];

struct Scene {
    pair: Pair,
    setup: Setup,
    _ticking: Ticking,
}

fn scene() -> Scene {
    let pair = Pair::start();
    pair.both(writer::TABLE);
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        // with the guard on the leaf's tables
        setup.londiste(&[ini, "add-table", "--all"]).expect_success();
    }
    setup.wait_ok(SETTLE);
    setup.londiste(&["target.ini", "compare"]).expect_success();
    let _ticking = Ticking::of(&pair);
    Scene { pair, setup, _ticking }
}

impl Scene {
    /// Gives the command, which dies at this place.
    #[track_caller]
    fn dies(&self, ini: &str, more: &[&str], point: &str) {
        let mut arguments = vec![ini, "switchover"];
        arguments.extend(more);
        let environment = [("LONDISTE_FAIL_POINT", point)];
        let mut command = self.setup.foreground_in("londiste", &arguments, "dying", &environment);
        assert_eq!(command.wait(SETTLE), -1, "{point}: it should have died there");
    }

    /// Both writers stop, both sides are equal, and hold each accepted row once.
    #[track_caller]
    fn ends_well(self, writers: Writers) {
        let accepted = writers.stop();
        assert_never_both(&accepted);
        let same = || compare::databases(self.pair.source.app(), self.pair.target.app());
        wait_until(SETTLE, "both sides are equal", || same().is_ok());
        compare::assert_equal(&self.pair);
        for (side, list) in ["source", "target"].iter().zip(&accepted) {
            assert!(!list.is_empty(), "the {side} took no change at all");
            let counted = format!("select coalesce(max(n), 0) from counted where side = '{side}'");
            assert_eq!(self.pair.source.number(&counted), i64::try_from(list.len()).unwrap(), "{side}");
            let ids: Vec<String> = list.iter().map(|one| one.id.to_string()).collect();
            let there = format!("select count(*) from written where id = any ('{{{}}}')", ids.join(","));
            assert_eq!(self.pair.target.number(&there), i64::try_from(list.len()).unwrap(), "{side}");
        }
        let n = "select count(*) from written where n <> 1";
        assert_eq!(self.pair.source.number(n), 0, "doubled or lost updates");
    }
}

#[test]
fn a_switch_that_dies_anywhere_is_gone_on_with() {
    let scene = scene();
    let writers = Writers::start(&scene.pair);
    for (number, (point, _)) in FORWARD.iter().enumerate() {
        let ini = if number % 2 == 0 { "target.ini" } else { "source.ini" };
        scene.dies(ini, &["--force", "comparison"], point);
        let again = scene.setup.londiste(&[ini, "switchover", "--force", "comparison"]);
        again.expect_success();
        assert!(again.stdout.contains("switched at tick"), "{point}: {}", again.report());
        std::thread::sleep(Duration::from_millis(300));
    }
    scene.ends_well(writers);
}

#[test]
fn a_switch_that_dies_is_taken_back_as_long_as_the_new_root_is_closed() {
    let scene = scene();
    let writers = Writers::start(&scene.pair);
    let abort = &["target.ini", "switchover", "--abort"];
    for (point, _) in FORWARD.iter().filter(|(point, _)| !["switch-taken", "switch-settled"].contains(point))
    {
        scene.dies("target.ini", &[], point);
        scene.setup.londiste(abort).expect_success();
        let status = scene.setup.londiste(&["target.ini", "switchover", "--status"]);
        assert!(status.expect_success().stdout.contains("node primary takes changes"), "{}", status.report());
    }
    for (point, before) in BACK {
        scene.dies("target.ini", &[], before);
        scene.dies("target.ini", &["--abort"], point);
        scene.setup.londiste(abort).expect_success();
    }
    // too late
    scene.dies("target.ini", &[], "switch-taken");
    scene.setup.londiste(abort).expect_failure(1, &["has become the root"]);
    scene.setup.londiste(&["target.ini", "switchover"]).expect_success();
    scene.ends_well(writers);
}

#[test]
fn a_root_that_was_left_closed_opens_at_its_deadline() {
    let scene = scene();
    let writers = Writers::start(&scene.pair);
    for point in ["switch-frozen", "switch-drained"] {
        scene.dies("target.ini", &["--deadline", "2"], point);
        let written = || {
            scene
                .pair
                .source
                .connect()
                .batch_execute("insert into written values (-1, 'x'); delete from written where id = -1")
                .is_ok()
        };
        assert!(!written());
        wait_until(Duration::from_secs(20), "the root opens", written);
    }
    scene.setup.londiste(&["target.ini", "switchover"]).expect_success();
    std::thread::sleep(Duration::from_millis(300));
    scene.ends_well(writers);
}
