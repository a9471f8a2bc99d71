//! Error of this crate.

use std::path::PathBuf;
use std::time::Duration;

/// Whatever a part or a check of another crate fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What keeps a process from starting, or a command from reaching a running one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ini file cannot be read.
    #[error("cannot read the ini file {file}: {source}")]
    IniUnreadable {
        /// The file as it was named.
        file: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The ini file is no ini file.
    #[error("{file}: {reason}")]
    IniSyntax {
        /// The file as it was named.
        file: PathBuf,
        /// The line and what is wrong with it.
        reason: String,
    },
    /// The ini file lacks the section that the program reads.
    #[error("{file} has no section [{section}]; it has {found}")]
    NoSection {
        /// The file as it was named.
        file: PathBuf,
        /// The section looked for.
        section: String,
        /// The sections that are there.
        found: String,
    },
    /// Nothing tells which of two jobs is meant.
    #[error(
        "{file} has both [pgqd] and [londiste]: londisted runs one job of a file, move one of them to a file of its own"
    )]
    TwoJobs {
        /// The file as it was named.
        file: PathBuf,
    },
    /// Keys are missing or hold what they cannot hold; one line each.
    #[error("{file}, section [{section}]:{}", .problems.iter().map(|p| format!("\n  {p}")).collect::<String>())]
    Values {
        /// The file as it was named.
        file: PathBuf,
        /// The section.
        section: String,
        /// Each names the key, its value unless that may be secret, and what is expected.
        problems: Vec<String>,
    },
    /// A needed key of the process is not there.
    #[error("{file}: {key} is not set; {why}")]
    KeyNeeded {
        /// The file as it was named.
        file: PathBuf,
        /// The key.
        key: &'static str,
        /// What needs it.
        why: &'static str,
    },
    /// A file or directory of ours cannot be made, opened or removed.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// Several things at once, one a line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Error>),
    /// Two ini files of one process ask for the same.
    #[error("{first} and {second} both have {what}")]
    SameTwice {
        /// What it is that only one may have.
        what: String,
        /// The one file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A part failed without end, and the process was told to end then.
    #[error("gave up: {reason}")]
    GaveUp {
        /// Which part, how often, and why.
        reason: String,
    },
    /// The address of `metrics_listen` cannot be had.
    #[error("metrics_listen = {address}: {source}; give another port, or stop what has it")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The reason.
        source: std::io::Error,
    },
    /// Another process holds the pidfile.
    #[error("already running as process {pid} (pidfile {path}); stop it first: -s, or londisted stop")]
    AlreadyRunning {
        /// The pidfile.
        path: PathBuf,
        /// What it says, perhaps `?` while the other one starts.
        pid: String,
    },
    /// There is no process to send a signal to.
    #[error("not running: {reason}")]
    NotRunning {
        /// How that shows.
        reason: String,
    },
    /// The signal was not delivered.
    #[error("cannot send {signal} to process {pid} (pidfile {path}): {source}")]
    Signal {
        /// Its name.
        signal: &'static str,
        /// The receiver.
        pid: i32,
        /// The pidfile.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The process got the signal but is still there.
    #[error("process {pid} still runs {} s after {signal}; {advice}", .waited.as_secs())]
    StillRunning {
        /// The receiver.
        pid: i32,
        /// The signal's name.
        signal: &'static str,
        /// How long this command waited.
        waited: Duration,
        /// What to do.
        advice: &'static str,
    },
    /// The process could not go to the background.
    #[error("cannot go to the background: {0}")]
    Background(String),
    /// The process in the background gave up before it was ready; its own words.
    #[error("{0}")]
    Startup(String),
    /// The asynchronous runtime did not start.
    #[error("cannot start the runtime: {0}")]
    Runtime(std::io::Error),
    /// A start-up check failed.
    #[error("{job}: {}", chain(.source.as_ref()))]
    Check {
        /// The job whose check it is.
        job: String,
        /// The reason.
        source: BoxError,
    },
}

impl Error {
    /// All that went well, or all that did not.
    pub(crate) fn all<T>(results: impl IntoIterator<Item = Result<T, Error>>) -> Result<Vec<T>, Error> {
        let (mut well, mut failed) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(value) => well.push(value),
                Err(error) => failed.push(error),
            }
        }
        match failed.len() {
            0 => Ok(well),
            1 => Err(failed.remove(0)),
            _ => Err(Error::Several(failed)),
        }
    }
}

/// An error with its causes, on one line; a cause that its parent has already quoted is left out, and so is what is
/// behind an error of crate `pg`, which tells all of it.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source().filter(|_| !error.is::<pg::Error>());
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source().filter(|_| !inner.is::<pg::Error>());
    }
    text
}

/// What a server or the system said, where an error comes from one of them: no values of rows are in it.
pub(crate) fn cause(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let errors = std::iter::successors(Some(error), |error| error.source());
    let said =
        |error: &&(dyn std::error::Error + 'static)| error.is::<pg::Error>() || error.is::<std::io::Error>();
    errors.filter(said).map(ToString::to_string).next()
}
