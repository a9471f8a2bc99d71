//! The command dies at each step while the application writes on both sides; it is given again, or taken back.
#![cfg(debug_assertions)]

use std::time::Duration;

use tests::{compare, wait_until};

use crate::scene::{SETTLE, Scene};
use crate::writer::{self, Writers, assert_never_both};

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

/// Both writers stop, both sides are equal, and hold each accepted row once.
#[track_caller]
fn ends_well(scene: &Scene, writers: Writers) {
    let accepted = writers.stop();
    assert_never_both(&accepted);
    let same = || compare::databases(scene.pair.source.app(), scene.pair.target.app());
    wait_until(SETTLE, "both sides are equal", || same().is_ok());
    compare::assert_equal(&scene.pair);
    for (side, list) in ["source", "target"].iter().zip(&accepted) {
        assert!(!list.is_empty(), "the {side} took no change at all");
        let counted = format!("select coalesce(max(n), 0) from counted where side = '{side}'");
        assert_eq!(scene.pair.source.number(&counted), i64::try_from(list.len()).unwrap(), "{side}");
        let ids: Vec<String> = list.iter().map(|one| one.id.to_string()).collect();
        let there = format!("select count(*) from written where id = any ('{{{}}}')", ids.join(","));
        assert_eq!(scene.pair.target.number(&there), i64::try_from(list.len()).unwrap(), "{side}");
    }
    let n = "select count(*) from written where n <> 1";
    assert_eq!(scene.pair.source.number(n), 0, "doubled or lost updates");
}

#[test]
fn a_switch_that_dies_anywhere_is_gone_on_with() {
    let scene = Scene::of(writer::TABLE);
    let writers = Writers::start(&scene.pair);
    for (number, (point, _)) in FORWARD.iter().enumerate() {
        let ini = if number % 2 == 0 { "target.ini" } else { "source.ini" };
        scene.dies(ini, &["--force", "comparison,triggers"], point);
        let again = scene.setup.londiste(&[ini, "switchover", "--force", "comparison,triggers"]);
        again.expect_success();
        assert!(again.stdout.contains("switched at tick"), "{point}: {}", again.report());
        std::thread::sleep(Duration::from_millis(300));
    }
    ends_well(&scene, writers);
}

#[test]
fn a_switch_that_dies_is_taken_back_as_long_as_the_new_root_is_closed() {
    let scene = Scene::of(writer::TABLE);
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
    ends_well(&scene, writers);
}

#[test]
fn a_root_that_was_left_closed_opens_at_its_deadline() {
    let scene = Scene::of(writer::TABLE);
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
    ends_well(&scene, writers);
}
