//! Log files that survive rotation.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use super::format::Format;
use super::rotation::Rotation;
use crate::{Error, links};

tokio::task_local! {
    /// The file of the job that the current task belongs to.
    pub(super) static JOB: Arc<LogFile>;
}

/// An open log file. It rotates itself, and is opened anew after somebody else has.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    format: Format,
    rotation: Rotation,
    open: Mutex<Open>,
    /// It is the process's standard error, too.
    is_stderr: AtomicBool,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// As far as this file can be rotated.
    rotation: Rotation,
    length: u64,
}

impl LogFile {
    /// Opens `path` for appending; its directory is made if it is missing.
    ///
    /// # Errors
    /// The file or its directory cannot be made or written, or it is a symbolic link of another user.
    pub fn open(path: &Path, format: Format, rotation: Rotation) -> Result<LogFile, Error> {
        let open = Mutex::new(append(path, rotation)?);
        Ok(LogFile { path: path.into(), format, rotation, open, is_stderr: AtomicBool::new(false) })
    }

    /// Goes on in the file that now has the path's name.
    ///
    /// # Errors
    /// It cannot be opened; lines still go where they went.
    pub fn reopen(&self) -> Result<(), Error> {
        let open = append(&self.path, self.rotation)?;
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = open;
        Ok(())
    }

    /// Makes it the process's standard error.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn becomes_stderr(&self) -> std::io::Result<()> {
        self.is_stderr.store(true, Relaxed);
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rustix::stdio::dup2_stderr(&open.file)?)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How its lines look.
    pub fn format(&self) -> Format {
        self.format
    }

    fn append(&self, line: &[u8]) -> std::io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.rotation.is_due(open.length, line.len())
            && let Err(error) = self.rotate(&mut open)
        {
            // tried again after as much more
            open.length = 0;
            let path = self.path.clone();
            // not from here: the line would come to this file again
            std::thread::spawn(move || tracing::warn!("log file {} is not rotated: {error}", path.display()));
        }
        open.length += line.len() as u64;
        open.file.write_all(line)
    }

    fn rotate(&self, open: &mut Open) -> Result<(), Error> {
        let failed = |source| Error::File { action: "rename", path: self.path.clone(), source };
        open.rotation.rotate(&self.path, &open.file).map_err(failed)?;
        *open = append(&self.path, self.rotation)?;
        if self.is_stderr.load(Relaxed) {
            rustix::stdio::dup2_stderr(&open.file).map_err(|errno| failed(errno.into()))?;
        }
        Ok(())
    }
}

fn append(path: &Path, rotation: Rotation) -> Result<Open, Error> {
    if let Some(directory) = path.parent() {
        let failed = |source| Error::File {
            action: "make the directory of the log file,",
            path: directory.into(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let failed = |source| Error::File { action: "open the log file", path: path.into(), source };
    let file = links::open(path, OpenOptions::new().append(true).create(true)).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok(Open { rotation: rotation.of(path, &file), file, length })
}

/// Sends each line to the file of the job that logs it, if that is one of these, and the process's own lines to all of
/// them.
pub(super) struct Router(pub(super) Vec<Arc<LogFile>>);

/// The files that one line goes to.
pub(super) struct Lines(Vec<Arc<LogFile>>);

impl<'a> MakeWriter<'a> for Router {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        let of_job =
            |file: &Arc<LogFile>| self.0.iter().filter(|one| Arc::ptr_eq(one, file)).cloned().collect();
        Lines(JOB.try_with(of_job).unwrap_or_else(|_| self.0.clone()))
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        for file in &self.0 {
            file.append(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_file_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/job.log");
        let log = LogFile::open(&path, Format::Text, Rotation::NONE).unwrap();
        log.append(b"one\n").unwrap();
        std::fs::rename(&path, dir.path().join("old")).unwrap();
        log.append(b"two\n").unwrap();
        log.reopen().unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("old")).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_file_rotates_itself_and_follows_who_has_done_it_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("job.log");
        let rotation = Rotation { size: 10, count: 2 };
        let log = LogFile::open(&path, Format::Text, rotation).unwrap();
        let other = LogFile::open(&path, Format::Text, rotation).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap_or_default();
        for line in
            ["a line that is longer than the limit\n", "two\n", "three\n", "four\n", "five\n", "six\n"]
        {
            log.append(line.as_bytes()).unwrap();
        }
        assert_eq!(
            ["job.log", "job.log.1", "job.log.2", "job.log.3"].map(read),
            ["six\n", "four\nfive\n", "two\nthree\n", ""]
        );
        // it has not written since, and finds another file there
        other.append(b"0123456789").unwrap();
        other.append(b"of the other\n").unwrap();
        assert_eq!(read("job.log"), "six\nof the other\n");
        // what a link leads to stays where it is
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("job.log", &link).unwrap();
        let linked = LogFile::open(&link, Format::Text, rotation).unwrap();
        linked.append(b"behind a link\n").unwrap();
        assert!(read("job.log").ends_with("of the other\nbehind a link\n"), "{}", read("job.log"));
    }

    #[tokio::test]
    async fn lines_of_a_job_go_to_its_own_file() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            Arc::new(LogFile::open(&dir.path().join(name), Format::Text, Rotation::NONE).unwrap())
        };
        let (a, b, other) = (open("a"), open("b"), open("other"));
        let router = Router(vec![a.clone(), b]);
        JOB.scope(other, async { router.make_writer().write_all(b"another router's\n").unwrap() }).await;
        router.make_writer().write_all(b"both\n").unwrap();
        JOB.scope(a, async { router.make_writer().write_all(b"a only\n").unwrap() }).await;
        assert_eq!(std::fs::read_to_string(dir.path().join("a")).unwrap(), "both\na only\n");
        assert_eq!(std::fs::read_to_string(dir.path().join("b")).unwrap(), "both\n");
    }
}
