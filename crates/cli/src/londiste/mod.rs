//! `londiste INI COMMAND`: administration of a replication, and the worker of one node. Each command is a file here.

mod add_seq;
mod add_table;
mod apart;
mod arguments;
mod arrange;
mod bars;
mod candidates;
mod check;
mod check_capture;
mod columns;
mod config;
mod copies;
mod create_leaf;
mod create_root;
mod create_seq;
mod create_table;
mod drop_node;
mod duration;
mod execute;
mod fkeys;
mod flags;
mod foreign_keys;
mod install;
mod job;
mod learned;
mod locked;
mod look;
mod members;
mod missing;
mod names;
mod node_status;
mod not_yet;
mod pause;
mod progress;
mod public_location;
mod remove_seq;
mod remove_table;
mod reposition;
mod resume;
mod resume_table;
mod resync;
mod seqs;
mod skip_columns;
mod status;
mod table_keys;
mod tables;
mod tree;
mod wait_provider;
mod wait_root;
mod wait_sync;
mod worker;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use arrange::Refused;
use clap::{CommandFactory, Parser};
use job::Job;

use crate::signal;
use crate::terminal::{self, Terminal};

/// Exit code of a command line that cannot be understood.
const USAGE: u8 = 2;

/// The ini file that `--ini` prints.
const SAMPLE: &str = include_str!("../../../../etc/target.ini");

/// How a command ended that did not fail as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All of it was done.
    Done,
    /// Some of it was not, and that has been said.
    Partly,
}

impl Outcome {
    /// `Partly` when anything failed.
    fn of(failures: usize) -> Outcome {
        if failures == 0 { Outcome::Done } else { Outcome::Partly }
    }
}

/// The command line.
pub fn definition() -> clap::Command {
    Arguments::command()
}

/// Runs the program; the answer is its exit code: 0, 1 after a failure, 2 after a command line that cannot be understood.
pub fn main() -> ExitCode {
    let words = match arrange::arranged(std::env::args_os().skip(1)) {
        Ok(words) => words,
        Err(Refused::NotUnderstood(problem)) => {
            Terminal::default().complain(&problem);
            return ExitCode::from(USAGE);
        }
        Err(Refused::NotYet(reason)) => {
            Terminal::default().complain(&reason);
            return ExitCode::FAILURE;
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
    if let Some(problem) = arguments.incomplete() {
        terminal.complain(&problem);
        return ExitCode::from(USAGE);
    }
    match run(arguments, terminal) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Partly) => ExitCode::FAILURE,
        Err(problem) => {
            terminal.complain(&terminal::told(&problem));
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
            return worker::run(ini, options);
        }
        None => return worker::run(ini, options),
        Some(command) => command,
    };
    if matches!(command, Command::Config) {
        return config::run(&ini, &options.overrides, terminal);
    }
    daemon::log::terminal(options.verbosity());
    let job = Job::load(&ini, &options.overrides, terminal)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(dispatch(&job, command))
}

async fn dispatch(job: &Job, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::CreateRoot(arguments) => create_root::run(job, arguments).await,
        Command::CreateLeaf(arguments) => create_leaf::run(job, arguments).await,
        Command::DropNode(arguments) => drop_node::run(job, &arguments).await,
        Command::Members(arguments) => members::run(job, &arguments).await,
        Command::Pause(whose) => pause::run(job, &whose).await,
        Command::Resume(whose) => resume::run(job, &whose).await,
        Command::WaitRoot => wait_root::run(job).await,
        Command::WaitProvider => wait_provider::run(job).await,
        Command::Status(arguments) => status::run(job, &arguments).await,
        Command::NodeStatus | Command::NodeInfo => node_status::run(job).await,
        Command::AddTable(arguments) => add_table::run(job, &arguments).await,
        Command::RemoveTable(arguments) => remove_table::run(job, &arguments).await,
        Command::Tables(arguments) => tables::run(job, &arguments).await,
        Command::CheckCapture(arguments) => check_capture::run(job, &arguments).await,
        Command::Check(arguments) => check::run(job, &arguments).await,
        Command::Fkeys => fkeys::run(job).await,
        Command::Missing => missing::run(job).await,
        Command::Resync(arguments) => resync::run(job, &arguments).await,
        Command::ResumeTable(arguments) => resume_table::run(job, &arguments).await,
        Command::WaitSync(arguments) => wait_sync::run(job, &arguments).await,
        Command::AddSeq(arguments) => add_seq::run(job, &arguments).await,
        Command::RemoveSeq(arguments) => remove_seq::run(job, &arguments).await,
        Command::Seqs => seqs::run(job).await,
        Command::Execute(arguments) => execute::run(job, &arguments).await,
        Command::Worker(arguments) => match arguments.position() {
            Some(position) => reposition::run(job, position).await,
            // it has a runtime of its own, made after the process has gone to the background
            None => Ok(Outcome::Done),
        },
        // needs no database
        Command::Config => Ok(Outcome::Done),
    }
}
