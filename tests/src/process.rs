//! A daemon as seen from outside: pidfile, signals, memory, log.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::wait_until;

/// `pgqd`, or the worker of one node, known by its pidfile.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// Where it writes its pid.
    pub pidfile: PathBuf,
    /// Where it logs.
    pub logfile: PathBuf,
}

impl Daemon {
    /// The pid in its pidfile, while such a process lives.
    pub fn pid(&self) -> Option<u32> {
        let pid = std::fs::read_to_string(&self.pidfile).ok()?.trim().parse().ok()?;
        is_alive(pid).then_some(pid)
    }

    /// Its pid; panics with the end of its log when it does not run.
    #[track_caller]
    pub fn expect_pid(&self) -> u32 {
        self.pid().unwrap_or_else(|| panic!("not running: {}\n{}", self.pidfile.display(), self.log_end()))
    }

    /// SIGKILL, and waits until it is gone. Its pidfile stays behind, stale.
    #[track_caller]
    pub fn kill(&self) {
        let pid = self.expect_pid();
        signal("KILL", &pid.to_string());
        wait_until(Duration::from_secs(20), "a killed daemon is gone", || !is_alive(pid));
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait_gone(&self, timeout: Duration) {
        wait_until(timeout, &format!("{} ends", self.pidfile.display()), || self.pid().is_none());
    }

    /// Peak resident memory in bytes (`VmHWM`).
    #[track_caller]
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.expect_pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number of kilobytes") * 1024
    }

    /// Its whole log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.logfile).unwrap_or_default()).into_owned()
    }

    /// The last lines of its log, for messages.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(30)..].join("\n");
        format!("--- end of {}\n{end}", self.logfile.display())
    }
}

/// Sends a signal (`INT`, `TERM`, `HUP`, `KILL`, `STOP`, `CONT`) to one process; one that is gone is no error.
pub fn signal(name: &str, pid: &str) {
    let mut command = Command::new("kill");
    let _ = command
        .arg(format!("-{name}"))
        .arg(pid)
        .stderr(std::process::Stdio::null())
        .status()
        .expect("kill runs");
}

/// Whether a thread of it still runs. A killed process's first thread can be a zombie while others still hold its
/// locks.
fn is_alive(pid: u32) -> bool {
    let threads = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    threads.is_ok_and(|mut threads| threads.any(|thread| thread.is_ok_and(|thread| runs(&thread.path()))))
}

fn runs(thread: &Path) -> bool {
    let stat = std::fs::read_to_string(thread.join("stat")).unwrap_or_default();
    // The state letter follows the parenthesised name.
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X']) && !rest.is_empty())
}
