//! The words of the command line.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// One process for a whole migration: the ticker, the workers and the copies of any number of ini files.
#[derive(Debug, Parser)]
#[command(
    name = "londisted",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "londisted [-d] [-q] [-v] INI...\n       londisted status|stop|reload|kill INI...\n       londisted --ini"
)]
pub(crate) struct Arguments {
    /// Ini files, each with a section [pgqd] or [londiste]
    #[arg(value_name = "INI")]
    pub(crate) files: Vec<PathBuf>,

    /// Log warnings and errors only; twice, errors only
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) quiet: u8,

    /// Log more; twice, even more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Run in the background, once the start-up checks have passed
    #[arg(short = 'd', long = "daemon")]
    pub(crate) background: bool,

    /// Print sample INIs
    #[arg(long = "ini")]
    pub(crate) sample: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do with the process that runs the jobs of the ini files.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show how the jobs fare, without asking any database
    Status {
        /// For machines
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        files: Files,
    },
    /// Stop it after the work in hand, at most stop_timeout (SIGINT)
    Stop(Files),
    /// Let it open its log files and read the ini files again (SIGHUP)
    Reload(Files),
    /// Stop it at once (SIGTERM)
    Kill(Files),
}

/// Whose process.
#[derive(Debug, Args)]
pub(crate) struct Files {
    /// Ini files of jobs that run
    #[arg(value_name = "INI", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn files_stand_alone_or_behind_a_command() {
        Arguments::command().debug_assert();
        let given = Arguments::try_parse_from(["londisted", "-d", "a.ini", "b.ini"]).unwrap();
        assert!(given.background && given.files.len() == 2 && given.command.is_none());
        let given = Arguments::try_parse_from(["londisted", "status", "--json", "a.ini"]).unwrap();
        assert!(matches!(given.command, Some(Command::Status { json: true, .. })));
        assert!(Arguments::try_parse_from(["londisted", "stop"]).is_err());
        assert!(Arguments::try_parse_from(["londisted", "-d", "stop", "a.ini"]).is_err());
    }
}
