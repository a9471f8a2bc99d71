//! Order of the command line: what to run, and how.

use std::path::PathBuf;

use crate::log::Verbosity;
use crate::{Error, files};

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The ini files, one for each job; where `section` is `None`, a directory stands for those in it.
    pub files: Vec<PathBuf>,
    /// The section to run, `pgqd` or `londiste`; `None`: whichever a file has.
    pub section: Option<&'static str>,
    /// `--set key=value`.
    pub overrides: Vec<(String, String)>,
    /// `-d`.
    pub background: bool,
    /// `-q` and `-v`.
    pub verbosity: Verbosity,
}

impl Launch {
    /// The files that are meant, as things are now.
    pub(crate) fn expanded(&self) -> Result<Vec<PathBuf>, Error> {
        match self.section {
            None => files::expanded(&self.files),
            Some(_) => Ok(self.files.clone()),
        }
    }
}
