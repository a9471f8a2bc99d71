//! Hook: a program of the operator's, run by the shell with the facts in its environment, for a limited time.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::orphans::{self, Awaited};

/// What is kept of a hook's output, for the error that it may end with.
const LAST_WORDS: usize = 2000;
/// Once a hook has ended, whatever it has started does not keep anybody waiting for more output.
const REST: Duration = Duration::from_millis(200);

/// Facts for a hook's environment.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pairs: Vec<(&'static str, String)>,
}

impl Facts {
    /// One fact more: the variable's name and its value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Facts {
        // a value with a zero byte could not be handed over
        self.pairs.push((name, value.to_string().replace('\0', " ")));
        self
    }
}

/// How a hook has failed. `Display` tells the key, the command, and the last lines that it has written.
#[derive(Debug, thiserror::Error)]
#[error("{key} ({hook}) {how}{}", said(.output))]
pub struct Failed {
    key: &'static str,
    hook: String,
    how: How,
    output: String,
}

#[derive(Debug, thiserror::Error)]
enum How {
    #[error("could not be run: {0}")]
    Start(io::Error),
    #[error("failed: {0}")]
    Exit(ExitStatus),
    #[error("did not end within {0} s (hook_timeout) and was ended, with all that it had started")]
    Late(f64),
}

fn said(output: &str) -> String {
    match output.trim() {
        "" => String::new(),
        words => format!("; its last output: {words}"),
    }
}

/// Runs a hook: `key` names it in the ini file. Each line of its output is logged. The hook and what it has started are
/// ended at the time limit, and when the future is dropped.
///
/// # Errors
/// It cannot be started, ends with another code than 0, or does not end.
pub async fn run(key: &'static str, hook: &str, limit: Duration, facts: &Facts) -> Result<(), Failed> {
    let failed = |how, output: &Output| Failed { key, hook: hook.to_owned(), how, output: output.last() };
    let mut output = Output { key, lines: Vec::new(), begun: 0 };
    let started = start(hook, facts).map_err(|error| failed(How::Start(error), &output));
    let (mut child, _awaited, mut pipe) = started?;
    let mut group = Group::of(&child);
    let ended = timeout(limit, async {
        tokio::select! {
            ended = child.wait() => ended,
            never = output.follow(&mut pipe) => match never {},
        }
    });
    match ended.await {
        Ok(ended) => {
            group.leave();
            // no end within that time: the pipe is in the hands of something that goes on
            _ = timeout(REST, output.read(&mut pipe)).await;
            output.flush();
            match ended {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(failed(How::Exit(status), &output)),
                Err(error) => Err(failed(How::Start(error), &output)),
            }
        }
        Err(_) => {
            drop(group);
            // it is gone; whether the system says so makes no difference
            _ = child.wait().await;
            output.flush();
            Err(failed(How::Late(limit.as_secs_f64()), &output))
        }
    }
}

fn start(hook: &str, facts: &Facts) -> io::Result<(Child, Awaited, pipe::Receiver)> {
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", hook])
        .envs(facts.pairs.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true);
    let (child, awaited) = orphans::spawn(&mut command)?;
    // its ends of the pipe
    drop(command);
    Ok((child, awaited, pipe::Receiver::from_owned_fd(reader.into())?))
}

/// The hook's process group, ended when it is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Group {
        Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// The hook has ended by itself: what it has left behind was meant to stay.
    fn leave(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // nobody is left in it otherwise
            _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What the hook writes.
struct Output {
    key: &'static str,
    /// The last of it.
    lines: Vec<u8>,
    /// Where the line begins that is not logged yet.
    begun: usize,
}

impl Output {
    /// Reads for ever.
    async fn follow(&mut self, pipe: &mut pipe::Receiver) -> std::convert::Infallible {
        self.read(pipe).await;
        std::future::pending().await
    }

    /// Reads to the end.
    async fn read(&mut self, pipe: &mut pipe::Receiver) {
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
            self.take(&buffer[..length]);
        }
    }

    fn take(&mut self, more: &[u8]) {
        for byte in more {
            self.lines.push(*byte);
            if *byte == b'\n' {
                self.flush();
            }
        }
        let surplus = self.lines.len().saturating_sub(LAST_WORDS);
        self.lines.drain(..surplus);
        self.begun = self.begun.saturating_sub(surplus);
    }

    /// Logs what is not logged yet.
    fn flush(&mut self) {
        let line = String::from_utf8_lossy(&self.lines[self.begun..]);
        if !line.trim().is_empty() {
            tracing::info!("{}: {}", self.key, line.trim());
        }
        self.begun = self.lines.len();
    }

    fn last(&self) -> String {
        String::from_utf8_lossy(&self.lines).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_hook_knows_the_facts_and_its_code_counts() {
        let facts = Facts::default().with("LONDISTE_QUEUE", "mig\0q");
        run("hook_on_abort", "test \"$LONDISTE_QUEUE\" = 'mig q'", ENOUGH, &facts).await.unwrap();
        let noisy = "yes | head -c 100000; echo one >&2; echo two; exit 3";
        let failed = run("hook_on_abort", noisy, ENOUGH, &facts).await.unwrap_err().to_string();
        assert!(failed.contains("exit 3) failed: exit status: 3; its last output: "), "{failed}");
        assert!(failed.ends_with("one\ntwo") && failed.len() < 3000, "{failed}");
    }

    #[tokio::test]
    async fn what_a_late_hook_has_started_ends_with_it() {
        let (started, facts) = ("sleep 600 & echo $!; wait", Facts::default());
        let late = run("hook_on_problem", started, Duration::from_secs(1), &facts);
        let late = late.await.unwrap_err().to_string();
        assert!(late.contains("did not end within 1 s"), "{late}");
        let (_, started) = late.split_once("its last output: ").unwrap();
        let stat = format!("/proc/{started}/stat");
        let is_gone = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z"));
        let gone = async {
            while !is_gone() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(ENOUGH, gone).await.expect("it is gone");
    }

    #[tokio::test]
    async fn what_goes_on_behind_a_hook_keeps_nobody_waiting() {
        let began = std::time::Instant::now();
        run("hook_on_ready", "sleep 30 & echo there", ENOUGH, &Facts::default()).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}
