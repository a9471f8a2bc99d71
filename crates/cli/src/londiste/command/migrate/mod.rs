//! `migrate [TABLE…]`: the whole way up to "ready to switch", step by step. Each step asks the servers whether it is
//! done and does what is not: the same command goes on after it was interrupted.

mod arguments;
mod comparison;
mod conductor;
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

use anyhow::Result;
use migration::steps::{self, Entry, State, Step};

pub(crate) use crate::londiste::command::migrate::arguments::Arguments;
use crate::londiste::command::migrate::course::Course;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::migration as view;
use crate::terminal::Terminal;

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    // the answer is one object: the steps' own words are left out, trouble goes to standard error as ever
    let job = job.speaking(if arguments.json { Terminal::new(1) } else { job.terminal });
    let until = arguments.until.as_deref().and_then(Step::named).unwrap_or(Step::Compare);
    let mut course = Course::new(job, arguments)?;
    nodes::refuse_swapped(&course).await?;
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
