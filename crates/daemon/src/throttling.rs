//! Throttle of a job that runs: an operator's word about copies and comparisons, by the control socket. It is gone with
//! the process, unless it is kept in `<pidfile>.throttle`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use copier::{Limits, Throttle};

use crate::{Error, links};

/// The first word of requests.
pub(crate) const REQUEST: &str = "throttle";
/// The beginning of an answer that tells a failure.
pub const FAILED: &str = "ERR: ";

/// What can be asked of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// What holds.
    Show,
    /// Bytes a second; 0: no limit.
    Rate(u64),
    /// No row is read.
    Pause,
    /// What the ini file says holds again.
    Resume,
}

impl Request {
    /// The request as a line for the control socket.
    pub fn line(self, keep: bool) -> String {
        let keep = if keep { " keep" } else { "" };
        match self {
            Request::Show => REQUEST.to_owned(),
            Request::Rate(rate) => format!("{REQUEST} rate {rate}{keep}"),
            Request::Pause => format!("{REQUEST} pause{keep}"),
            Request::Resume => format!("{REQUEST} resume"),
        }
    }

    /// Reads what [`Request::line`] writes.
    fn parse(line: &str) -> Option<(Request, bool)> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (words, keep) = match words.as_slice() {
            [words @ .., "keep"] => (words, true),
            words => (words, false),
        };
        let request = match words {
            [REQUEST] => Request::Show,
            [REQUEST, "rate", rate] => Request::Rate(rate.parse().ok()?),
            [REQUEST, "pause"] => Request::Pause,
            [REQUEST, "resume"] => Request::Resume,
            _ => return None,
        };
        Some((request, keep))
    }
}

/// A job's limits, and where its throttle is kept.
#[derive(Clone, Debug)]
pub(crate) struct Throttling {
    limits: Limits,
    file: PathBuf,
}

impl Throttling {
    pub(crate) fn new(limits: Limits, pidfile: &Path) -> Throttling {
        let mut file = pidfile.as_os_str().to_owned();
        file.push(".throttle");
        Throttling { limits, file: file.into() }
    }

    /// A process begins: what was kept holds.
    ///
    /// # Errors
    /// The file is there and cannot be read: nothing of it holds.
    pub(crate) fn recall(&self) -> Result<(), Error> {
        let mut text = String::new();
        let read = links::open_itself(&self.file, OpenOptions::new().read(true));
        match read.and_then(|mut file| file.read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(self.failed("read what throttle --keep has kept in", source)),
        }
        let mut throttle = Throttle::default();
        for line in text.lines() {
            match Request::parse(&format!("{REQUEST} {line}")) {
                Some((Request::Rate(rate), _)) => throttle.rate = Some(rate),
                Some((Request::Pause, _)) => throttle.is_paused = true,
                _ => {
                    let source = std::io::Error::new(ErrorKind::InvalidData, format!("line {line:?}"));
                    return Err(self.failed("understand what throttle --keep has kept in", source));
                }
            }
        }
        throttle.is_kept = throttle != Throttle::default();
        self.limits.set_throttle(throttle);
        self.limits
            .describe()
            .iter()
            .filter(|_| throttle.is_kept)
            .for_each(|line| tracing::info!("throttle: {line}"));
        Ok(())
    }

    /// Answers a request of the control socket; `None`: it is none of these.
    pub(crate) fn answer(&self, line: &str) -> Option<String> {
        let (request, keep) = Request::parse(line)?;
        let before = self.limits.throttle();
        let throttle = match request {
            Request::Show => before,
            Request::Rate(rate) => Throttle { rate: Some(rate), is_paused: false, is_kept: keep },
            Request::Pause => Throttle { is_paused: true, is_kept: keep, ..before },
            Request::Resume => Throttle::default(),
        };
        if request != Request::Show {
            if let Err(error) = self.keep(throttle) {
                return Some(format!("{FAILED}{error}; nothing was changed\n"));
            }
            self.limits.set_throttle(throttle);
            self.limits.describe().iter().for_each(|line| tracing::info!("throttle: {line}"));
        }
        let reason = self.limits.reason().map(|reason| format!("now: {reason}"));
        let lines: Vec<String> = self.limits.describe().into_iter().chain(reason).collect();
        Some(format!("{}\n", lines.join("\n")))
    }

    /// What the next process is to find: nothing where nothing is kept.
    fn keep(&self, throttle: Throttle) -> Result<(), Error> {
        let failed = |source| self.failed("keep the throttle in", source);
        if !throttle.is_kept {
            return match std::fs::remove_file(&self.file) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            };
        }
        let rate = throttle.rate.map(|rate| format!("rate {rate}\n")).unwrap_or_default();
        let pause = if throttle.is_paused { "pause\n" } else { "" };
        let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
        let mut file = links::open_itself(&self.file, &options).map_err(failed)?;
        file.write_all(format!("{rate}{pause}").as_bytes()).map_err(failed)
    }

    fn failed(&self, action: &'static str, source: std::io::Error) -> Error {
        Error::File { action, path: self.file.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_are_written() {
        for request in [Request::Show, Request::Rate(5 << 20), Request::Pause, Request::Resume] {
            let keeps = matches!(request, Request::Rate(_) | Request::Pause);
            assert_eq!(Request::parse(&request.line(keeps)), Some((request, keeps)));
            assert_eq!(Request::parse(&request.line(false)), Some((request, false)));
        }
        for line in ["throttle rate fast", "throttle 5", "status"] {
            assert_eq!(Request::parse(line), None, "{line}");
        }
    }
}
