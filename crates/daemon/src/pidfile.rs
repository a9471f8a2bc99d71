//! Pidfiles: they hold a process id, and a lock for as long as that process lives.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::{Error, links};

/// Whoever may open a pidfile may lock it, and so keep the process from starting: nobody but its owner may.
const OWNER_ONLY: u32 = 0o600;

/// Longer than [`holder`] keeps its lock.
const GLANCE: Duration = Duration::from_millis(20);

/// A pidfile of this process: removed when the value is dropped. After a crash the file stays, but its
/// lock is gone, which is how the next start knows that it may be replaced.
#[derive(Debug)]
pub struct Pidfile {
    path: PathBuf,
    file: File,
    ours: bool,
}

impl Pidfile {
    /// Takes the lock and writes the current process id; the directory is made if it is missing.
    ///
    /// # Errors
    /// Another process holds it, or the path cannot be written, or is a symbolic link.
    pub fn create(path: &Path) -> Result<Pidfile, Error> {
        let mut pidfile = Self::lock(path)?;
        pidfile.write()?;
        Ok(pidfile)
    }

    /// Takes the lock only. The lock goes along when the process forks: the child calls [`Pidfile::write`],
    /// the parent [`Pidfile::hand_over`].
    pub(crate) fn lock(path: &Path) -> Result<Pidfile, Error> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)
                .map_err(failed("make the directory of the pidfile,", directory))?;
        }
        let asked = Instant::now();
        loop {
            let mut file = open(path)?.map_or_else(|| create(path), Ok)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    let pid = read_pid(&mut file);
                    // Someone may only be looking who holds it, or a killed holder has not quite gone.
                    let patience = if pid.is_some_and(is_ending) { ENDING } else { 2 * GLANCE };
                    if asked.elapsed() < patience {
                        std::thread::sleep(GLANCE);
                        continue;
                    }
                    let pid = pid.map_or_else(|| "?".into(), |pid| pid.to_string());
                    return Err(Error::AlreadyRunning { path: path.into(), pid });
                }
                Err(errno) => return Err(failed("lock", path)(errno.into())),
            }
            // The previous holder removes its file while it still has the lock: then this lock is on
            // a file that nobody can find any more.
            if !still_there(&file, path) {
                continue;
            }
            if let Some(pid) = read_pid(&mut file).filter(|pid| stock_tool(*pid)) {
                return Err(Error::AlreadyRunning { path: path.into(), pid: pid.to_string() });
            }
            return Ok(Pidfile { path: path.into(), file, ours: true });
        }
    }

    /// Writes the id of the calling process.
    pub(crate) fn write(&mut self) -> Result<(), Error> {
        let written = (|| {
            // an older version made it for all to read
            self.file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
            self.file.set_len(0)?;
            self.file.rewind()?;
            writeln!(self.file, "{}", std::process::id())
        })();
        written.map_err(failed("write", &self.path))
    }

    /// The file belongs to a forked child from now on.
    pub(crate) fn hand_over(&mut self) {
        self.ours = false;
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How long a killed process may take to let go of its files.
const ENDING: Duration = Duration::from_secs(10);

/// Whether a process was killed and is being taken apart: it keeps its lock until the last of its threads is gone.
fn is_ending(pid: i32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // the state follows the program's name, which may hold anything but ends with the last parenthesis
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if self.ours && still_there(&self.file, &self.path) {
            // What is left behind is a stale pidfile, which the next start replaces.
            _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What a pidfile tells about its process.
#[derive(Debug)]
pub(crate) enum Holder {
    /// A process of ours, by its lock on this file.
    Locked(i32, File),
    /// A stock tool, which takes no lock.
    Unlocked(i32),
    /// A process that has taken the lock and is about to write its id.
    Starting,
    /// Left over from a process that was killed.
    Stale(Option<i32>),
    /// No such file.
    Nobody,
}

/// Who holds the pidfile `path`.
///
/// # Errors
/// The file is there but cannot be read, or names a process of another user than its own.
pub(crate) fn holder(path: &Path) -> Result<Holder, Error> {
    let Some(mut file) = open(path)? else { return Ok(Holder::Nobody) };
    let pid = read_pid(&mut file);
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(Errno::WOULDBLOCK) => {
            let Some(pid) = pid else { return Ok(Holder::Starting) };
            trust(&file, pid).map_err(failed("trust the pidfile", path))?;
            Ok(Holder::Locked(pid, file))
        }
        Err(errno) => Err(failed("lock", path)(errno.into())),
        Ok(()) => Ok(match pid {
            Some(pid) if stock_tool(pid) => {
                trust(&file, pid).map_err(failed("trust the pidfile", path))?;
                Holder::Unlocked(pid)
            }
            _ => Holder::Stale(pid),
        }),
    }
}

/// Whoever owns a file can name any process in it, which root would then signal: it has to be one of the owner's.
/// Root's files are trusted.
fn trust(file: &File, pid: i32) -> std::io::Result<()> {
    let owner = file.metadata()?.uid();
    match user_of(pid) {
        Some(user) if owner != 0 && user != owner => Err(std::io::Error::other(format!(
            "it belongs to another user (uid {owner}) than process {pid} that it names (uid {user})"
        ))),
        _ => Ok(()),
    }
}

/// The effective user of a process; `None` where it is gone, or this user may not know.
fn user_of(pid: i32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    users.split_whitespace().nth(1)?.parse().ok()
}

/// Whether process `pid` is there.
pub(crate) fn alive(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| !matches!(test_kill_process(pid), Err(Errno::SRCH)))
}

/// Whether `pid` is a running pgqd or londiste that is not ours: those hold no lock. A process id comes
/// round again after a crash, so that being alive does not prove anything.
fn stock_tool(pid: i32) -> bool {
    if !alive(pid) || u32::try_from(pid) == Ok(std::process::id()) {
        return false;
    }
    let process = PathBuf::from(format!("/proc/{pid}"));
    let same_executable = match (std::fs::read_link(process.join("exe")), std::env::current_exe()) {
        (Ok(theirs), Ok(ours)) => theirs == ours,
        _ => false,
    };
    let command = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let mut words = command.split(|byte| *byte == 0).take(3).map(String::from_utf8_lossy);
    !same_executable && words.any(|word| word.ends_with("pgqd") || word.ends_with("londiste"))
}

fn open(path: &Path) -> Result<Option<File>, Error> {
    match links::open_itself(path, OpenOptions::new().read(true).write(true)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("open the pidfile", path)(error)),
    }
}

fn create(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
    links::open_itself(path, &options).map_err(failed("make the pidfile", path))
}

fn still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn read_pid(file: &mut File) -> Option<i32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok().filter(|pid| *pid > 0)
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> Error + use<'a> {
    move |source| Error::File { action, path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_the_pid_and_goes_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/new/a.pid");
        let pidfile = Pidfile::create(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        drop(pidfile);
        assert!(!path.exists());
    }

    #[test]
    fn a_second_start_is_refused_and_leaves_the_first_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pid");
        let first = Pidfile::create(&path).unwrap();
        let error = Pidfile::create(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("already running as process {}", std::process::id())), "{error}");
        assert!(path.exists());
        drop(first);
        Pidfile::create(&path).unwrap();
    }

    #[test]
    fn a_file_left_by_a_crash_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pid");
        for content in ["999999999\n", "1\n", "", "rubbish"] {
            std::fs::write(&path, content).unwrap();
            assert!(matches!(holder(&path).unwrap(), Holder::Stale(_)), "{content:?}");
            drop(Pidfile::create(&path).unwrap());
            assert!(!path.exists());
        }
    }

    #[test]
    fn the_holder_is_known_by_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pid");
        assert!(matches!(holder(&path).unwrap(), Holder::Nobody));
        let _pidfile = Pidfile::create(&path).unwrap();
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(matches!(holder(&path).unwrap(), Holder::Locked(found, _) if found == pid));
    }

    #[test]
    fn a_stock_tool_holds_its_pidfile_without_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (program, path) = (dir.path().join("pgqd"), dir.path().join("a.pid"));
        std::fs::copy("/bin/sleep", &program).unwrap();
        let mut stock = std::process::Command::new(&program).arg("60").spawn().unwrap();
        std::fs::write(&path, format!("{}\n", stock.id())).unwrap();
        // spawn() returns before the kernel has put the arguments where /proc shows them
        while std::fs::read(format!("/proc/{}/cmdline", stock.id())).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let error = Pidfile::create(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("already running as process {}", stock.id())), "{error}");
        assert!(matches!(holder(&path).unwrap(), Holder::Unlocked(_)));

        // A process stays visible until its parent has seen its end.
        let parent = std::thread::spawn(move || stock.wait().unwrap());
        crate::control::signal(&path, crate::control::Signal::Kill).unwrap();
        assert!(!parent.join().unwrap().success());
        Pidfile::create(&path).unwrap();
    }

    #[test]
    fn it_is_its_owners_and_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("a.pid"), dir.path().join("link.pid"));
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let pidfile = Pidfile::create(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "of an older version"
        );
        drop(pidfile);
        let _pidfile = Pidfile::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "made anew");

        let other = dir.path().join("other");
        std::fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        let error = Pidfile::create(&link).unwrap_err().to_string();
        assert!(error.contains("link.pid") && error.contains("symbolic link"), "{error}");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "kept");
        assert!(holder(&link).is_err());
    }

    /// Only root has to fear a file of somebody else, and only root can make one here.
    #[test]
    fn a_file_of_one_user_does_not_name_a_process_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pid");
        let _pidfile = Pidfile::create(&path).unwrap();
        if !rustix::process::geteuid().is_root() {
            return;
        }
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        let error = holder(&path).unwrap_err().to_string();
        assert!(error.contains("another user (uid 65534)"), "{error}");
        crate::control::signal(&path, crate::control::Signal::Kill).unwrap_err();
    }

    #[test]
    fn an_unwritable_place_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let error = Pidfile::create(&dir.path().join("file/a.pid")).unwrap_err().to_string();
        assert!(error.starts_with("cannot make the directory") && error.contains("/file"), "{error}");
    }
}
