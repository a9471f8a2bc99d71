//! Log lines: for people on the terminal, plain or JSON in the job's log file, and to syslog.

mod file;
mod format;
mod journal;
mod rotation;
mod syslog;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Error;
pub use file::LogFile;
pub use format::Format;
pub use rotation::Rotation;
pub use syslog::{Facility, SyslogSettings};

/// How much is logged, from `-q` and `-v`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verbosity {
    /// How many `-q`: warnings and errors only; twice, errors only. The terminal and the log file alike.
    pub quiet: u8,
    /// How many `-v`: debug, then trace.
    pub verbose: u8,
}

impl Verbosity {
    fn level(self) -> LevelFilter {
        match (self.quiet, self.verbose) {
            (0, 0) => LevelFilter::INFO,
            (0, 1) => LevelFilter::DEBUG,
            (0, _) => LevelFilter::TRACE,
            (1, _) => LevelFilter::WARN,
            _ => LevelFilter::ERROR,
        }
    }

    fn filter(self) -> Targets {
        // Below trace, the libraries' own debugging would bury ours.
        let library = if self.verbose > 1 { LevelFilter::DEBUG } else { LevelFilter::WARN };
        let level = self.level();
        Targets::new().with_default(level).with_targets(
            ["tokio_postgres", "rustls", "tokio_util", "mio", "config"].map(|t| (t, library.min(level))),
        )
    }
}

/// Where a process logs.
#[derive(Debug)]
pub(crate) struct Destinations<'a> {
    /// Not in the background.
    pub(crate) terminal: bool,
    pub(crate) files: Vec<Arc<LogFile>>,
    /// Of the terminal, where nobody sits at it.
    pub(crate) format: Format,
    pub(crate) syslog: Option<&'a SyslogSettings>,
}

/// Log lines of a command, which has only the terminal. Does nothing when logging is set up already.
pub fn terminal(verbosity: Verbosity) {
    let lines =
        layer().with_writer(std::io::stderr).with_target(false).with_ansi(std::io::stderr().is_terminal());
    _ = Registry::default().with(verbosity.filter()).with(lines).try_init();
}

/// Starts logging for the rest of the process's life. A panic becomes a log line.
pub(crate) fn start(to: Destinations<'_>, verbosity: Verbosity) {
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = Vec::new();
    let journal = to.terminal && journal::reads_stderr();
    let with_fields = journal.then(journal::layer).flatten();
    if let Some(lines) = with_fields {
        layers.push(lines.boxed());
    } else if to.terminal {
        let lines = layer().with_writer(std::io::stderr);
        let someone_reads = std::io::stderr().is_terminal();
        layers.push(match to.format {
            Format::Json if !someone_reads => lines.json().with_span_list(false).boxed(),
            _ => lines.with_target(false).with_ansi(someone_reads).boxed(),
        });
    }
    for format in [Format::Text, Format::Json] {
        let files: Vec<_> = to.files.iter().filter(|file| file.format() == format).cloned().collect();
        if files.is_empty() {
            continue;
        }
        let lines = layer().with_writer(file::Router(files)).with_ansi(false);
        layers.push(match format {
            Format::Text => lines.with_target(false).boxed(),
            Format::Json => lines.json().with_span_list(false).boxed(),
        });
    }
    // What systemd reads from the terminal's place goes to the same journal as syslog.
    if let Some(writer) = to.syslog.filter(|_| !journal).and_then(syslog::writer) {
        layers.push(
            layer()
                .with_writer(writer)
                .with_target(false)
                .with_ansi(false)
                .without_time()
                .with_level(false)
                .boxed(),
        );
    }
    let filtered = layers.with_filter(verbosity.filter());
    if Registry::default().with(filtered).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
}

/// Opens a job's log file.
pub(crate) fn open(path: &Path, format: Format, rotation: Rotation) -> Result<Arc<LogFile>, Error> {
    LogFile::open(path, format, rotation).map(Arc::new)
}

/// Runs `future` with its lines going to `file` alone; `None` leaves things as they are.
pub(crate) async fn within<F: Future>(file: Option<Arc<LogFile>>, future: F) -> F::Output {
    match file {
        Some(file) => file::JOB.scope(file, future).await,
        None => future.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_choose_the_level() {
        let level = |quiet, verbose| Verbosity { quiet, verbose }.level();
        assert_eq!(level(0, 0), LevelFilter::INFO);
        assert_eq!(level(1, 0), LevelFilter::WARN);
        assert_eq!(level(2, 0), LevelFilter::ERROR);
        assert_eq!(level(0, 1), LevelFilter::DEBUG);
        assert_eq!(level(0, 3), LevelFilter::TRACE);
    }
}
