//! A pair whose tables are in sync and were compared, with everything at work.

use std::process::Stdio;
use std::time::Duration;

use tests::{Pair, Setup, wait_until};

pub(crate) const SETTLE: Duration = Duration::from_secs(60);

/// Both sides, ready to switch. The leaf's tables have their guards.
pub(crate) struct Scene {
    pub(crate) pair: Pair,
    pub(crate) setup: Setup,
}

impl Scene {
    /// A scene with these tables, all of which have to be there before.
    #[track_caller]
    pub(crate) fn of(schema: &str) -> Scene {
        Scene::with_sides(schema, schema)
    }

    /// A scene whose sides have these tables.
    #[track_caller]
    pub(crate) fn with_sides(source: &str, target: &str) -> Scene {
        let pair = Pair::start();
        pair.source.execute(source);
        pair.target.execute(target);
        let setup = Setup::new(&pair);
        setup.start_nodes();
        for ini in ["source.ini", "target.ini"] {
            setup.londiste(&[ini, "add-seq", "--all"]).expect_success();
            setup.londiste(&[ini, "add-table", "--all"]).expect_success();
        }
        setup.wait_ok(SETTLE);
        let left = "select count(*) from londiste_rs.changed_fkey where state in ('dropped', 'unvalidated')";
        wait_until(SETTLE, "foreign keys are back", || pair.target.number(left) == 0);
        setup.londiste(&["target.ini", "compare"]).expect_success();
        Scene { pair, setup }
    }

    /// Gives the command, which dies at this place.
    #[track_caller]
    pub(crate) fn dies(&self, ini: &str, more: &[&str], point: &str) {
        let mut arguments = vec![ini, "switchover"];
        arguments.extend(more);
        let environment = [("LONDISTE_FAIL_POINT", point)];
        let mut command = self.setup.foreground_in("londiste", &arguments, "dying", &environment);
        assert_eq!(command.wait(SETTLE), -1, "{point}: it should have died there");
    }

    /// Begins the command, which waits before the freeze until [`Waiting::go`].
    #[track_caller]
    pub(crate) fn waiting(&self, more: &[&str]) -> Waiting<'_> {
        let file = self.setup.directory().join("postpone");
        std::fs::write(&file, "").expect("a file");
        let mut command = self.setup.command(self.setup.executable("londiste", &["target.ini"]));
        command.args(["target.ini", "switchover", "--postpone-file", "postpone"]).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command runs");
        let prepared = "select count(*) from londiste_rs.switch where state = 'prepared'";
        wait_until(SETTLE, "the new root is prepared", || self.pair.target.number(prepared) == 1);
        // the capture of all tables follows
        let tables = "select count(*) from londiste.table_info t \
                        left join londiste_rs.capture c using (queue_name, table_name) where c.relid is null";
        wait_until(SETTLE, "the new root's tables are captured", || self.pair.target.number(tables) == 0);
        Waiting { scene: self, child }
    }
}

/// A switch that waits before its freeze.
pub(crate) struct Waiting<'a> {
    scene: &'a Scene,
    child: std::process::Child,
}

impl Waiting<'_> {
    /// Lets it go on.
    pub(crate) fn go(&self) {
        std::fs::remove_file(self.scene.setup.directory().join("postpone")).expect("the file goes");
    }

    /// Waits until the root refuses changes.
    #[track_caller]
    pub(crate) fn wait_frozen(&self) {
        let frozen = "select count(*) from londiste_rs.switch where state in ('frozen', 'drained')";
        wait_until(SETTLE, "the root is frozen", || self.scene.pair.source.number(frozen) == 1);
    }

    /// Its exit code, and all that it said.
    pub(crate) fn end(self) -> (i32, String) {
        let output = self.child.wait_with_output().expect("the command ends");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.code().unwrap_or(-1), said.concat())
    }
}
