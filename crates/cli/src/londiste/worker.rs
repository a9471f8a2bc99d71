//! `worker`: the node's worker and its copies, in this process or, with `-d`, in the background.

use std::path::PathBuf;

use anyhow::Result;
use daemon::launch::Launch;

use super::Outcome;
use super::arguments::Options;

/// Must be called before any thread is started: the process may go to the background.
pub(crate) fn run(ini: PathBuf, options: Options) -> Result<Outcome> {
    let verbosity = options.verbosity();
    Launch {
        files: vec![ini],
        section: Some("londiste"),
        overrides: options.overrides,
        background: options.background,
        verbosity,
    }
    .run()?;
    Ok(Outcome::Done)
}
