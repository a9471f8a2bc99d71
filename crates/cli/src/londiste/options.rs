//! Options of every command of `londiste`.

use clap::{ArgAction, Args};
use daemon::control::Signal;
use daemon::log::Verbosity;

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print only warnings and errors; twice: only errors
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,

    /// Log more; twice: even more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// worker: go to the background once the start-up checks have passed
    #[arg(short = 'd', long = "daemon")]
    pub(crate) background: bool,

    /// Let the running worker open its log file and read INI again (SIGHUP)
    #[arg(short, long, group = "control", conflicts_with = "background")]
    pub(crate) reload: bool,

    /// Stop the running worker after its batch (SIGINT)
    #[arg(short, long, group = "control", conflicts_with = "background")]
    pub(crate) stop: bool,

    /// Stop the running worker at once (SIGTERM)
    #[arg(short, long, group = "control", conflicts_with = "background")]
    pub(crate) kill: bool,

    /// Print a sample INI
    #[arg(long = "ini")]
    pub(crate) sample: bool,

    /// Put a value in the place of the one in INI (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) overrides: Vec<(String, String)>,
}

impl Options {
    /// What `-s`, `-k` or `-r` wants to be sent.
    pub(crate) fn signal(&self) -> Option<Signal> {
        match (self.stop, self.kill, self.reload) {
            (true, _, _) => Some(Signal::Stop),
            (_, true, _) => Some(Signal::Kill),
            (_, _, true) => Some(Signal::Reload),
            _ => None,
        }
    }

    /// How much is logged.
    pub(crate) fn verbosity(&self) -> Verbosity {
        Verbosity { quiet: self.quiet, verbose: self.verbose }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
