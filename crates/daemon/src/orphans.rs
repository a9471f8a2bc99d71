//! Orphans: what hooks have left behind belongs to the first process of a container, and ends there when that process
//! takes note of it.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitOptions, waitpid};
use tokio::process::{Child, Command};

/// Children whose end somebody here waits for.
static AWAITED: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn awaited() -> MutexGuard<'static, BTreeSet<i32>> {
    AWAITED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child is no orphan for as long as this is there.
#[derive(Debug)]
pub(crate) struct Awaited(Option<i32>);

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            awaited().remove(&pid);
        }
    }
}

/// Starts a child whose end the caller waits for.
pub(crate) fn spawn(command: &mut Command) -> io::Result<(Child, Awaited)> {
    // one that ends at once is known before orphans are looked for
    let mut known = awaited();
    let child = command.spawn()?;
    let pid = child.id().map(u32::cast_signed);
    known.extend(pid);
    Ok((child, Awaited(pid)))
}

/// Whether orphans come to this process.
pub(crate) fn come_here() -> bool {
    std::process::id() == 1
}

/// Takes note of the end of those that have ended.
pub(crate) fn reap() {
    let known = awaited();
    for pid in ended(std::process::id()).filter(|pid| !known.contains(pid)) {
        // whoever else has waited for it has the answer
        _ = Pid::from_raw(pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
    }
}

/// Children of a process that have ended and that nobody has waited for.
fn ended(parent: u32) -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(move |pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // state and parent follow the program's name, which may hold anything but ends with the last parenthesis
        let mut rest = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        rest.next() == Some("Z") && rest.next().and_then(|word| word.parse().ok()) == Some(parent)
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// A child that nobody has registered is as good as an orphan.
    #[tokio::test]
    async fn orphans_are_reaped_and_awaited_children_are_not() {
        let mut orphan = std::process::Command::new("true").spawn().unwrap();
        let (mut child, awaited) = spawn(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        let pids = [orphan.id(), child.id().unwrap()].map(u32::cast_signed);
        let begun = Instant::now();
        while !pids.iter().all(|pid| ended(std::process::id()).any(|ended| ended == *pid)) {
            assert!(begun.elapsed() < Duration::from_secs(60), "they do not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        // not `reap` itself: children of other tests in this process are none of its business
        assert!(super::awaited().contains(&pids[1]) && !super::awaited().contains(&pids[0]));
        waitpid(Pid::from_raw(pids[0]), WaitOptions::NOHANG).unwrap().unwrap();
        assert!(ended(std::process::id()).all(|ended| ended != pids[0]));
        orphan.wait().unwrap_err();
        assert_eq!(child.wait().await.unwrap().code(), Some(3));
        drop(awaited);
        assert!(!super::awaited().contains(&pids[1]));
    }
}
