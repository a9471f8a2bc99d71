//! `londiste INI COMMAND`: administration of a replication, and the worker of one node. Each command is a file here.

mod arguments;
mod arrange;
mod command;
mod flags;
mod incomplete;
mod not_yet;
mod options;
mod support;
mod view;

use std::process::ExitCode;

use crate::londiste::support::job::Job;
use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use futures_util::future::LocalBoxFuture;

use crate::londiste::support::outcome::{Outcome, UNVERIFIED, USAGE};
use crate::signal;
use crate::terminal::{self, Terminal};

/// The ini file that `--ini` prints.
const SAMPLE: &str = include_str!("../../../../etc/target.ini");

/// The command line.
pub fn definition() -> clap::Command {
    Arguments::command()
}

/// Runs the program; the answer is its exit code: 0, 1 after a failure, 2 after a command line that cannot be
/// understood.
pub fn main() -> ExitCode {
    let words = match arrange::arranged(std::env::args_os().skip(1)) {
        Ok(words) => words,
        Err(problem) => {
            Terminal::default().complain(&problem);
            return ExitCode::from(USAGE);
        }
    };
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(problem) => {
            let code = if problem.use_stderr() { USAGE } else { 0 };
            // Nobody reads what cannot be printed.
            _ = problem.print();
            return ExitCode::from(code);
        }
    };
    let terminal = Terminal::new(arguments.options.quiet);
    if let Some(Command::Init(init)) = &arguments.command {
        return command::init::main(init, arguments.ini.as_deref(), terminal);
    }
    if let Some(Command::Completions(completions)) = &arguments.command {
        return command::completions::main(completions, definition());
    }
    if let Some(problem) = incomplete::incomplete(&arguments) {
        terminal.complain(&problem);
        return ExitCode::from(USAGE);
    }
    match run(arguments, terminal) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Partly) => ExitCode::FAILURE,
        Ok(Outcome::Unverified) => ExitCode::from(UNVERIFIED),
        Err(problem) => {
            terminal.complain(&terminal::describe(&problem));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, terminal: Terminal) -> anyhow::Result<Outcome> {
    let Arguments { options, ini, command } = arguments;
    let (Some(ini), false) = (ini, options.sample) else {
        terminal.print(SAMPLE.trim_end());
        return Ok(Outcome::Done);
    };
    if let Some(signal) = options.signal() {
        return signal::send(&ini, "londiste", signal, terminal).map(|()| Outcome::Done);
    }
    let command = match command {
        Some(Command::Worker(arguments)) if arguments.position().is_none() => {
            return command::worker::run(ini, options);
        }
        None => return command::worker::run(ini, options),
        Some(command) => command,
    };
    if let Command::Config(answer) = command {
        return command::config::run(&ini, &options.overrides, answer, terminal);
    }
    daemon::log::terminal(options.verbosity());
    let job = Job::load(&ini, &options.overrides, terminal)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // behind a pointer: the commands would be compiled for each way in which a runtime waits
    let answer: LocalBoxFuture<'_, _> = Box::pin(command::dispatch(&job, command));
    runtime.block_on(answer)
}
