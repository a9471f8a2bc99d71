//! `migrate [TABLE…]`: the whole way up to "ready to switch", step by step. Each step asks the servers whether it is
//! done and does what is not: the same command goes on after it was interrupted.

mod comparison;
mod copies;
mod course;
mod daemon;
mod fkeys;
mod ini_files;
mod install;
mod members;
mod nodes;
mod preflight;
mod schema;
mod scope;
mod side;
mod summary;
mod systemd;
mod vacuum;

use std::path::PathBuf;

use anyhow::Result;
use clap::builder::PossibleValuesParser as Names;
use clap::{Args, ValueEnum};
use migration::steps::{self, Entry, State, Step};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::migration as view;
use crate::terminal::Terminal;

/// Words of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of the source's tables (default: all, and all sequences)
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,

    /// Tell of each step whether it is done or what it would do; change nothing
    #[arg(long)]
    dry_run: bool,

    /// End after this step
    #[arg(long, value_name = "STEP", value_parser = Names::new(Step::ALL.map(Step::name)), hide_possible_values = true)]
    until: Option<String>,

    /// Leave this check of preflight out (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(migration::names()), hide_possible_values = true)]
    skip: Vec<String>,

    /// What becomes of large objects, which no trigger captures: ignore leaves them behind (default: refuse)
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    large_objects: Option<LargeObjects>,

    /// The source's ini file (default: source.ini beside INI)
    #[arg(long, value_name = "FILE")]
    source_ini: Option<PathBuf>,

    /// The ticker's ini file (default: pgqd.ini beside INI)
    #[arg(long, value_name = "FILE")]
    pgqd_ini: Option<PathBuf>,

    /// Do not start londisted: say what to start, and wait until it runs
    #[arg(long)]
    no_start: bool,

    /// Answer in JSON, one object at the end
    #[arg(long)]
    json: bool,
}

/// What becomes of large objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LargeObjects {
    /// They stay where they are.
    Ignore,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    // the answer is one object: the steps' own words are left out, trouble goes to standard error as ever
    let job = job.speaking(if arguments.json { Terminal::new(1) } else { job.terminal });
    let until = arguments.until.as_deref().and_then(Step::named).unwrap_or(Step::Compare);
    let mut course = Course::new(job, arguments)?;
    if arguments.dry_run {
        let entries = steps::plan(&mut course, until).await;
        if arguments.json {
            course.target.terminal.print(&view::plan_object(course.target.queue(), &entries).to_string());
        }
        return Ok(outcome(&entries, course.is_blocked()));
    }
    course.claim_first().await?;
    let entries = steps::walk(&mut course, until).await;
    let summary = summary::gather(&course, &entries, until).await;
    match arguments.json {
        true => course.target.terminal.print(&view::object(&summary).to_string()),
        false => course.target.terminal.print(&view::text(&summary)),
    }
    Ok(outcome(&entries, false))
}

/// A failure counts more than what could not be verified.
fn outcome(entries: &[Entry], blocked: bool) -> Outcome {
    let has = |state| entries.iter().any(|entry| entry.state == state);
    if blocked || has(State::Failed) || has(State::Partly) {
        Outcome::Partly
    } else if has(State::Unverified) {
        Outcome::Unverified
    } else {
        Outcome::Done
    }
}
