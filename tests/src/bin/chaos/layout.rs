//! Processes that run the migration: three of them, or one.
use tests::{Daemon, Setup};

/// Names of the ini files without their ending.
const NAMES: [&str; 3] = ["pgqd", "source", "target"];

/// Which processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `pgqd` and a worker for each node.
    Processes,
    /// `londisted` for all of them.
    OneProcess,
}

impl Layout {
    /// Starts what does not run.
    #[track_caller]
    pub(crate) fn start(self, setup: &Setup) {
        match self {
            Layout::Processes => {
                for name in NAMES.iter().filter(|name| daemon(setup, name).pid().is_none()) {
                    setup.start_daemon(name);
                }
            }
            Layout::OneProcess => {
                if setup.target_worker().pid().is_none() {
                    setup.londisted(&["-d", "pgqd.ini", "source.ini", "target.ini"]).expect_success();
                }
            }
        }
    }

    /// Stops all of it in order.
    #[track_caller]
    pub(crate) fn stop(self, setup: &Setup) {
        match self {
            Layout::Processes => NAMES.iter().rev().for_each(|name| setup.stop_daemon(name)),
            Layout::OneProcess => {
                setup.londisted(&["stop", "target.ini"]).expect_success();
            }
        }
    }

    /// Kills one process, without a warning, and starts it again.
    #[track_caller]
    pub(crate) fn kill_one(self, setup: &Setup) {
        let name = NAMES[fastrand::usize(..NAMES.len())];
        daemon(setup, name).kill();
        self.start(setup);
    }

    /// Stops one process after the work in hand, and starts it again.
    #[track_caller]
    pub(crate) fn restart_one(self, setup: &Setup) {
        match self {
            Layout::Processes => setup.stop_daemon(NAMES[fastrand::usize(..NAMES.len())]),
            Layout::OneProcess => self.stop(setup),
        }
        self.start(setup);
    }
}

fn daemon(setup: &Setup, name: &str) -> Daemon {
    match name {
        "pgqd" => setup.ticker(),
        "source" => setup.source_worker(),
        _ => setup.target_worker(),
    }
}
