//! Processes in the image as a container engine runs them: first of their namespace, not root, on a file system that
//! cannot be written but for `/tmp`.
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::guardian::MARK;
use crate::image::Image;
use crate::process::signal;
use crate::{Invocation, Output, Setup, wait_for};

/// In its own namespaces: the directory given, read-only; what is mounted over a directory of it; the command.
const ENTER: &str = r#"
root=$1 over=$2 user=$3; shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
[ -z "$over" ] || mount --bind "$over" "$root/etc/londiste"
exec chroot --userspec="$user" "$root" "$@"
"#;

/// What an engine is told.
#[derive(Clone, Copy, Default)]
pub struct Container<'a> {
    /// In place of entry point and command of the image.
    pub command: Option<&'a [&'a str]>,
    /// All that is in its environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// Mounted over the directory of the ini files.
    pub over: Option<&'a Path>,
}

impl Container<'_> {
    /// Starts it; its output goes into `<log>.out`.
    #[track_caller]
    pub fn run(&self, image: &Image, setup: &Setup, log: &str) -> Running {
        let words = self
            .command
            .map_or_else(|| image.command(), |words| words.iter().map(ToString::to_string).collect());
        let mut command = setup.command("/usr/bin/unshare");
        command.env_clear().env(MARK, setup.directory()).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(self.environment.iter().copied());
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]);
        command.args(["sh", "-euc", ENTER, "sh"]).arg(image.root());
        command.arg(self.over.unwrap_or(Path::new(""))).arg(image.user()).args(words);
        let said = setup.directory().join(format!("{log}.out"));
        let out = std::fs::File::create(&said).expect("output file");
        command.stdin(Stdio::null()).stderr(out.try_clone().expect("output file")).stdout(out);
        Running { child: command.spawn().expect("unshare runs"), said }
    }
}

/// A container that runs; killed when dropped.
pub struct Running {
    child: Child,
    said: PathBuf,
}

impl Running {
    /// Its process 1, by the number that it has outside; none yet, or none any more.
    pub fn first(&self) -> Option<u32> {
        let outer = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// Runs a command in it, as an engine's `exec` does: with the same user and variables.
    #[track_caller]
    pub fn exec(&self, setup: &Setup, environment: &[(&str, &str)], user: &str, words: &[&str]) -> Output {
        let (uid, gid) = user.split_once(':').expect("user and group");
        let mut command = setup.command("/usr/bin/nsenter");
        command.env_clear().env(MARK, setup.directory()).env("PATH", "/usr/bin:/bin");
        command.envs(environment.iter().copied());
        command.arg(format!("--target={}", self.first().expect("it runs")));
        command.args(["--mount", "--pid", "--root", "--wd"]);
        command.arg(format!("--setuid={uid}")).arg(format!("--setgid={gid}")).args(words);
        Invocation::new(command).run()
    }

    /// Tells process 1, as an engine does that stops a container.
    #[track_caller]
    pub fn tell(&self, name: &str) {
        signal(name, &self.first().expect("it runs").to_string());
    }

    /// Its output so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Waits for its end and returns its exit code.
    #[track_caller]
    pub fn wait(&mut self, timeout: Duration) -> i32 {
        let said = self.said();
        let status = wait_for(timeout, "a container ends", || {
            self.child.try_wait().expect("it can be waited for").ok_or_else(|| said.clone())
        });
        status.code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
