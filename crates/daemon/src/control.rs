//! `-s`, `-k`, `-r`: signals to a running process, found by its pidfile.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, kill_process};

use crate::Error;
use crate::pidfile::{Holder, alive, holder};

/// What to tell a running process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT (`-s`): finish the batch in hand, then exit.
    Stop,
    /// SIGTERM (`-k`): exit at once.
    Kill,
    /// SIGHUP (`-r`): open the log again, read the ini file again.
    Reload,
}

/// A batch may be long.
const STOP_LIMIT: Duration = Duration::from_secs(600);
const KILL_LIMIT: Duration = Duration::from_secs(30);
/// Only for processes without a lock whose end could be awaited.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Signal {
    fn system(self) -> (rustix::process::Signal, &'static str) {
        match self {
            Signal::Stop => (rustix::process::Signal::INT, "SIGINT"),
            Signal::Kill => (rustix::process::Signal::TERM, "SIGTERM"),
            Signal::Reload => (rustix::process::Signal::HUP, "SIGHUP"),
        }
    }

    fn patience(self) -> Option<(Duration, &'static str)> {
        match self {
            Signal::Stop => Some((STOP_LIMIT, "it will exit after its batch; -k stops it at once")),
            Signal::Kill => Some((KILL_LIMIT, "end it with kill -9: nothing is lost")),
            Signal::Reload => None,
        }
    }
}

/// Sends `signal` to the process that holds `pidfile`. `Stop` (at most 10 minutes) and `Kill` (at most 30
/// seconds) return when that process is gone. Returns its process id.
///
/// # Errors
/// Nothing runs (no pidfile, or one left over from a crash), the signal is not permitted, or the process is still
/// there when the time is over.
pub fn signal(pidfile: &Path, signal: Signal) -> Result<i32, Error> {
    signal_within(pidfile, signal, signal.patience())
}

/// The process that holds `pidfile`.
///
/// # Errors
/// Nothing runs, or the pidfile cannot be read.
pub fn running(pidfile: &Path) -> Result<i32, Error> {
    found(pidfile).map(|(pid, _)| pid)
}

fn found(pidfile: &Path) -> Result<(i32, Option<File>), Error> {
    let shown = pidfile.display();
    let not_running = |reason: String| Err(Error::NotRunning { reason });
    match holder(pidfile)? {
        Holder::Locked(pid, file) => Ok((pid, Some(file))),
        Holder::Unlocked(pid) => Ok((pid, None)),
        Holder::Starting => not_running(format!("{shown} is held by a process that still starts; try again")),
        Holder::Stale(Some(pid)) => not_running(format!(
            "{shown} is left over from process {pid}, which has gone; the next start replaces it"
        )),
        Holder::Stale(None) => not_running(format!("{shown} is left over; the next start replaces it")),
        Holder::Nobody => not_running(format!("there is no pidfile {shown}")),
    }
}

fn signal_within(
    pidfile: &Path,
    signal: Signal,
    patience: Option<(Duration, &'static str)>,
) -> Result<i32, Error> {
    let (pid, lock) = found(pidfile)?;
    let (system, name) = signal.system();
    let target = Pid::from_raw(pid)
        .ok_or_else(|| Error::NotRunning { reason: format!("{} names no process", pidfile.display()) })?;
    kill_process(target, system).map_err(|errno| Error::Signal {
        signal: name,
        pid,
        path: pidfile.into(),
        source: errno.into(),
    })?;
    if let Some((limit, advice)) = patience
        && !gone_within(pid, lock, limit)
    {
        return Err(Error::StillRunning { pid, signal: name, waited: limit, advice });
    }
    Ok(pid)
}

/// Waits until the process has let go of its lock, or, where it has none, is no longer there.
fn gone_within(pid: i32, lock: Option<File>, limit: Duration) -> bool {
    let Some(lock) = lock else {
        let end = Instant::now() + limit;
        while alive(pid) && Instant::now() < end {
            std::thread::sleep(LOOK_AGAIN);
        }
        return !alive(pid);
    };
    let (told, gone) = mpsc::channel();
    // Ends with this process if the lock never comes.
    std::thread::spawn(move || told.send(flock(&lock, FlockOperation::LockShared).is_ok()));
    gone.recv_timeout(limit).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_there_is_an_error_that_tells_why() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pid");
        let error = signal(&path, Signal::Stop).unwrap_err().to_string();
        assert!(error.contains("there is no pidfile"), "{error}");
        std::fs::write(&path, "999999999\n").unwrap();
        let error = signal(&path, Signal::Reload).unwrap_err().to_string();
        assert!(error.contains("left over from process 999999999"), "{error}");
    }

    #[test]
    fn the_wait_ends_with_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pid");
        let held = crate::pidfile::Pidfile::create(&path).unwrap();
        let Holder::Locked(pid, file) = holder(&path).unwrap() else { panic!("not locked") };
        assert!(!gone_within(pid, Some(file.try_clone().unwrap()), Duration::from_millis(50)));
        let waiting = std::thread::spawn(move || gone_within(pid, Some(file), Duration::from_secs(10)));
        drop(held);
        assert!(waiting.join().unwrap());
    }
}
