//! `londisted INI…`: ticker, workers and copies of any number of ini files in one process, and the commands that steer
//! it.

mod arguments;
mod config;
mod job_file;
mod status;
mod steer;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use daemon::control::Signal;
use daemon::log::Verbosity;
use daemon::order::Launch;
use daemon::{Error, files};

use crate::terminal::Terminal;

/// Exit code of a command line that cannot be understood.
const USAGE: u8 = 2;

/// Samples of the ini files, one after the other.
const SAMPLES: [(&str, &str); 3] = [
    ("pgqd.ini", include_str!("../../../../etc/pgqd.ini")),
    ("source.ini", include_str!("../../../../etc/source.ini")),
    ("target.ini", include_str!("../../../../etc/target.ini")),
];

/// The command line.
pub fn definition() -> clap::Command {
    Arguments::command()
}

/// Runs the program; the answer is its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(problem) => {
            let code = if problem.use_stderr() { USAGE } else { 0 };
            // Nobody reads what cannot be printed.
            _ = problem.print();
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::of("londisted", arguments.quiet);
    if arguments.sample {
        SAMPLES.iter().for_each(|(name, text)| terminal.print(&format!("#### {name}\n{text}")));
        return ExitCode::SUCCESS;
    }
    if let Some(problem) = arguments.problem() {
        terminal.complain(problem);
        return ExitCode::from(USAGE);
    }
    match run(arguments, terminal) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            terminal.complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// `false`: some of it was not done, which has been said.
fn run(arguments: Arguments, terminal: Terminal) -> Result<bool, Error> {
    match arguments.command {
        Some(Command::Status { json, files: named }) => {
            Ok(status::show(&files::expanded(&named.files)?, json, terminal))
        }
        Some(Command::Config(named)) => config::show(&files::expanded(&named.files)?, terminal),
        Some(Command::Stop(files)) => steer::send(&files, Signal::Stop, terminal),
        Some(Command::Kill(files)) => steer::send(&files, Signal::Kill, terminal),
        Some(Command::Reload(files)) => steer::send(&files, Signal::Reload, terminal),
        None => {
            let launch = Launch {
                files: arguments.files,
                section: None,
                overrides: Vec::new(),
                background: arguments.background,
                verbosity: Verbosity { quiet: arguments.quiet, verbose: arguments.verbose },
            };
            launch.run().map(|()| true)
        }
    }
}
