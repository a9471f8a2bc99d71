//! `pgqd [-q] [-v] [-d] CONFIG`: the ticker, and the switches that steer a running one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, Parser};
use daemon::control::Signal;
use daemon::log::Verbosity;
use daemon::order::Launch;

use crate::signal;
use crate::terminal::{Terminal, describe};

/// Exit code of a command line that cannot be understood.
const USAGE: u8 = 2;

/// A sample of the ini file, which works from the directory of this project.
const SAMPLE: &str = include_str!("../../../../etc/pgqd.ini");

/// Ticker and maintenance for PgQ queues: makes ticks, rotates tables, hands retried events back.
#[derive(Debug, Parser)]
#[command(
    name = "pgqd",
    version = crate::version::TEXT,
    override_usage = "pgqd [-q] [-v] [-d | -s | -k | -r] CONFIG\n       pgqd --ini"
)]
struct Arguments {
    #[allow(rustdoc::broken_intra_doc_links, reason = "sections of an ini file, as help shows them")]
    /// The ini file, with a section [pgqd]
    #[arg(value_name = "CONFIG")]
    config: Option<PathBuf>,

    /// Log warnings and errors only; twice, errors only
    #[arg(short, action = ArgAction::Count)]
    quiet: u8,

    /// Log more; twice, even more
    #[arg(short, action = ArgAction::Count)]
    verbose: u8,

    /// Run in the background, once the start-up checks have passed
    #[arg(short = 'd')]
    background: bool,

    /// Stop the running one: it finishes what it has in hand (SIGINT)
    #[arg(short, group = "control", conflicts_with = "background")]
    stop: bool,

    /// Kill the running one: it exits at once (SIGTERM)
    #[arg(short, group = "control", conflicts_with = "background")]
    kill: bool,

    /// Let the running one open its log file and read CONFIG again (SIGHUP)
    #[arg(short, group = "control", conflicts_with = "background")]
    reload: bool,

    /// Print a sample CONFIG
    #[arg(long)]
    ini: bool,
}

/// The command line.
pub fn definition() -> clap::Command {
    Arguments::command()
}

/// Runs the program; the answer is its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::of("pgqd", arguments.quiet);
    if arguments.ini {
        terminal.print(SAMPLE.trim_end());
        return ExitCode::SUCCESS;
    }
    let Some(config) = arguments.config.clone() else {
        terminal.complain("no ini file is named: pgqd [-d] CONFIG (see pgqd --help)");
        return ExitCode::from(USAGE);
    };
    match run(&arguments, config, terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.complain(&describe(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, config: PathBuf, terminal: Terminal) -> anyhow::Result<()> {
    let sent = match (arguments.stop, arguments.kill, arguments.reload) {
        (true, _, _) => Some(Signal::Stop),
        (_, true, _) => Some(Signal::Kill),
        (_, _, true) => Some(Signal::Reload),
        _ => None,
    };
    match sent {
        Some(what) => signal::send(&config, "pgqd", what, terminal),
        None => Ok(Launch {
            files: vec![config],
            section: Some("pgqd"),
            overrides: Vec::new(),
            background: arguments.background,
            verbosity: Verbosity { quiet: arguments.quiet, verbose: arguments.verbose },
        }
        .run()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switches_are_consistent() {
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["pgqd", "-sk", "x.ini"]).is_err());
        assert!(Arguments::try_parse_from(["pgqd", "-d", "-s", "x.ini"]).is_err());
        let given = Arguments::try_parse_from(["pgqd", "-vv", "-d", "x.ini"]).unwrap();
        assert!(given.background && given.verbose == 2);
    }
}
