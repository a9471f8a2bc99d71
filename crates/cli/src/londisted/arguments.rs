//! Words of the command line.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// One process for a whole migration: the ticker, the workers and the copies of any number of ini files.
#[derive(Debug, Parser)]
#[command(
    name = "londisted",
    version = crate::version::TEXT,
    subcommand_precedence_over_arg = true,
    disable_help_subcommand = true,
    override_usage = "londisted [-d] [-q] [-v] INI...\n       londisted status|config|stop|reload|kill \
                      INI...\n       londisted --ini"
)]
pub(crate) struct Arguments {
    #[allow(rustdoc::broken_intra_doc_links, reason = "sections of an ini file, as help shows them")]
    /// Ini files, each with a section [pgqd] or [londiste]; a directory stands for its *.ini
    #[arg(value_name = "INI")]
    pub(crate) files: Vec<PathBuf>,

    /// Log warnings and errors only; twice, errors only
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) quiet: u8,

    /// Log more; twice, even more
    #[arg(short, long, action = ArgAction::Count, global = true)]
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

impl Arguments {
    /// What is wrong with the command line, if anything.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        match &self.command {
            Some(_) if !self.files.is_empty() => Some("the command comes first: londisted COMMAND INI…"),
            Some(_) if self.background => Some("-d starts a process: londisted -d INI…"),
            None if self.files.is_empty() && !self.sample => {
                Some("no ini file is named: londisted INI… (see londisted --help)")
            }
            _ => None,
        }
    }
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
    /// Show what the ini files say in the end, and where each value comes from
    Config(Files),
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
        let given = Arguments::try_parse_from(["londisted", "stop", "-q", "a.ini"]).unwrap();
        assert!(given.quiet == 1 && given.problem().is_none());
        for words in [
            &["londisted", "-d", "stop", "a.ini"][..],
            &["londisted", "a.ini", "stop", "b.ini"],
            &["londisted"],
        ] {
            assert!(Arguments::try_parse_from(words).unwrap().problem().is_some(), "{words:?}");
        }
    }
}
