//! `worker`: the node's worker and its copies, in this process or, with `-d`, in the background.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use daemon::order::Launch;

use crate::londiste::command::reposition::Position;
use crate::londiste::options::Options;
use crate::londiste::support::outcome::Outcome;

/// Words of `worker`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Do not run: set the worker's position in the provider's queue to what this node has applied
    #[arg(long, conflicts_with = "reset")]
    rewind: bool,

    /// Do not run: set this node's position to the worker's in the provider's queue
    #[arg(long)]
    reset: bool,
}

impl Arguments {
    /// What is to be done instead of running.
    pub(crate) fn position(&self) -> Option<Position> {
        match (self.rewind, self.reset) {
            (true, _) => Some(Position::OfNode),
            (_, true) => Some(Position::OfQueue),
            _ => None,
        }
    }
}

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
