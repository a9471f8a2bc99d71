//! Log files that survive rotation.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use super::format::Format;
use crate::{Error, links};

tokio::task_local! {
    /// The file of the job that the current task belongs to.
    pub(super) static JOB: Arc<LogFile>;
}

/// An open log file, to be opened anew after it was rotated away.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    format: Format,
    file: Mutex<File>,
}

impl LogFile {
    /// Opens `path` for appending; its directory is made if it is missing.
    ///
    /// # Errors
    /// The file or its directory cannot be made or written, or it is a symbolic link of another user.
    pub fn open(path: &Path, format: Format) -> Result<LogFile, Error> {
        Ok(LogFile { path: path.into(), format, file: Mutex::new(append(path)?) })
    }

    /// Goes on in the file that now has the path's name.
    ///
    /// # Errors
    /// It cannot be opened; lines still go where they went.
    pub fn reopen(&self) -> Result<(), Error> {
        let file = append(&self.path)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    /// Makes it the process's standard error.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn becomes_stderr(&self) -> std::io::Result<()> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rustix::stdio::dup2_stderr(&*file)?)
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
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line)
    }
}

fn append(path: &Path) -> Result<File, Error> {
    if let Some(directory) = path.parent() {
        let failed = |source| Error::File {
            action: "make the directory of the log file,",
            path: directory.into(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let failed = |source| Error::File { action: "open the log file", path: path.into(), source };
    links::open(path, OpenOptions::new().append(true).create(true)).map_err(failed)
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
        let log = LogFile::open(&path, Format::Text).unwrap();
        log.append(b"one\n").unwrap();
        std::fs::rename(&path, dir.path().join("old")).unwrap();
        log.append(b"two\n").unwrap();
        log.reopen().unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("old")).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[tokio::test]
    async fn lines_of_a_job_go_to_its_own_file() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Arc::new(LogFile::open(&dir.path().join(name), Format::Text).unwrap());
        let (a, b, other) = (open("a"), open("b"), open("other"));
        let router = Router(vec![a.clone(), b]);
        JOB.scope(other, async { router.make_writer().write_all(b"another router's\n").unwrap() }).await;
        router.make_writer().write_all(b"both\n").unwrap();
        JOB.scope(a, async { router.make_writer().write_all(b"a only\n").unwrap() }).await;
        assert_eq!(std::fs::read_to_string(dir.path().join("a")).unwrap(), "both\na only\n");
        assert_eq!(std::fs::read_to_string(dir.path().join("b")).unwrap(), "both\n");
    }
}
