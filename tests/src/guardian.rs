//! Cleans up behind a test, also when the test process is killed.
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Set in the environment of every program the harness starts; its value is the directory whose guardian ends the
/// program.
pub const MARK: &str = "LONDISTE_TEST_DIR";

/// A shell that waits for its standard input to close (this process dropped it, or died), then ends the server in
/// `data/` of the directory and every process marked with it, unmounts what is mounted below, and removes the
/// directory.
pub struct Guardian {
    shell: Child,
    directory: PathBuf,
}

const SCRIPT: &str = r#"
trap '' INT TERM HUP
read -r word || word=
[ "$word" = keep ] && exit 0
ended=
if [ -f "$1/data/postmaster.pid" ]; then
  server=$(head -n 1 "$1/data/postmaster.pid")
  [ "$(cat "/proc/$server/comm" 2>/dev/null)" = postgres ] && kill -QUIT "$server" && ended=$server
fi
for environ in $(grep -lzxF "$2=$1" /proc/[0-9]*/environ 2>/dev/null); do
  pid=${environ#/proc/}; pid=${pid%/environ}
  kill -KILL "$pid" 2>/dev/null && ended="$ended $pid"
done
tries=0
for pid in $ended; do
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 200 ]; do tries=$((tries + 1)); sleep 0.05; done
done
while read -r _ mounted _; do
  case $mounted in "$1"/*) umount -l "$mounted" ;; esac
done </proc/mounts
rm -rf -- "$1"
"#;

impl Guardian {
    /// Takes charge of `directory`.
    pub fn over(directory: &Path) -> Guardian {
        let shell = script(directory).stdin(Stdio::piped()).spawn().expect("sh runs");
        Guardian { shell, directory: directory.to_path_buf() }
    }

    /// The directory in its charge.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Leaves everything as it is, running, when this process ends.
    pub fn keep(&mut self) {
        if let Some(mut input) = self.shell.stdin.take() {
            input.write_all(b"keep\n").expect("the guardian listens");
        }
    }

    /// Cleans up a directory that an earlier process kept.
    pub fn clean(directory: &Path) {
        let status = script(directory).stdin(Stdio::null()).status().expect("sh runs");
        assert!(status.success(), "cleaning up {} failed", directory.display());
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn script(directory: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(SCRIPT).arg("guardian").arg(directory).arg(MARK).env_remove(MARK).process_group(0);
    command
}
