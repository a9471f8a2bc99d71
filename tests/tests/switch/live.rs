//! The steps of a switch, as `status` of both programs and the page show them while the switch is under way.

use serde_json::Value;
use tests::browser::{Browser, Look};
use tests::http::{free_port, get};
use tests::wait_for;

use crate::scene::{SETTLE, Scene};

const TABLES: &str = "
    create table t (id int primary key, v int);
    create materialized view sums as select count(*) as rows from t;";

impl Scene {
    /// What the process with this ini file tells of the migration.
    #[track_caller]
    fn migration(&self, ini: &str) -> Value {
        let output = self.setup.londisted(&["status", "--json", ini]);
        let status: Value = serde_json::from_str(&output.expect_success().stdout).expect("JSON");
        status["migrations"][0].clone()
    }

    /// The processes of these ini files, and `londiste status`, tell that step.
    #[track_caller]
    fn tell(&self, inis: &[&str], step: &str, words: &str) {
        for ini in inis {
            wait_for(SETTLE, &format!("the process of {ini} tells {step}"), || {
                let told = self.migration(ini);
                if told["switch_step"] == step { Ok(()) } else { Err(told.to_string()) }
            });
        }
        let status = self.setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
        assert!(status.contains(words), "{step}: {words}\n{status}");
        assert!(status.contains("londiste target.ini switchover"), "{step}\n{status}");
    }
}

#[test]
fn each_step_of_a_switch_is_shown_while_it_is_under_way() {
    let scene = Scene::of(TABLES);
    let port = free_port();
    scene.setup.stop_daemon("source");
    scene.setup.set("source.ini", "metrics_listen", &port.to_string());
    scene.setup.start_daemon("source");
    let long = ["--deadline", "600"];
    scene.dies("target.ini", &long, "switch-captured");
    scene.tell(&["target.ini"], "prepared", "state: switching: prepared, primary takes changes as before");
    scene.dies("target.ini", &long, "switch-frozen");
    scene.tell(&["source.ini"], "frozen", "state: switching: frozen, primary refuses changes, since");
    let page = get(port, "/");
    for words in [
        "<li class=\"now\">frozen</li>",
        "<li class=\"done\">prepared</li>",
        "content=\"2\"",
        "switchover --abort",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    if let Some(browser) = Browser::find() {
        let url = format!("http://127.0.0.1:{port}/");
        browser.picture(&scene.setup, &url, Look { size: (1000, 900), dark: false }, "page-switching");
    }
    scene.dies("target.ini", &long, "switch-drained");
    scene.tell(&["source.ini"], "drained", "state: switching: drained, the last tick of primary is made");
    scene.dies("target.ini", &long, "switch-left");
    scene.tell(&["source.ini"], "left", "neither takes changes");

    let done = scene.setup.londiste(&["target.ini", "switchover"]);
    assert!(done.expect_success().stdout.contains("switched at tick"), "{}", done.report());
    for ini in ["source.ini", "target.ini"] {
        wait_for(SETTLE, &format!("the process of {ini} tells that it is over"), || {
            let told = scene.migration(ini);
            if told["state"] == "switched" { Ok(()) } else { Err(told.to_string()) }
        });
    }
    wait_for(SETTLE, "views and statistics are told", || {
        let status = scene.setup.londiste(&["source.ini", "status"]).expect_success().stdout.clone();
        let is_over = status.contains("subscriber is the root, primary follows it")
            && !status.contains("behind the switch");
        if is_over { Ok(()) } else { Err(status) }
    });
    let status = scene.setup.londiste(&["source.ini", "status"]).expect_success().stdout.clone();
    assert!(status.contains("next:  londiste source.ini switchover"), "the way back\n{status}");
    let page = get(port, "/");
    assert!(page.contains("<li class=\"done\">settled</li>") && page.contains("switched at tick"), "{page}");
}
