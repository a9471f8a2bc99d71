//! `preflight`: what stands in the way of a migration, on both sides and on this machine. Nothing has to be installed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser as Names;
use migration::estimate::{Estimate, estimate};
use migration::{Answer, Config, Verdict};
use pg::ConnectString;
use serde_json::{Value, json};

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::way_to_source;
use crate::londiste::view::{estimate as view, findings};

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste preflight";

/// Words of `preflight`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to reach the source (default: initial_provider_location of INI, then the node's provider)
    #[arg(long, value_name = "CONNSTR")]
    source: Option<String>,

    /// Make this check and no other (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(migration::names()),
          hide_possible_values = true)]
    check: Vec<String>,

    /// Leave this check out (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(migration::names()),
          hide_possible_values = true)]
    skip: Vec<String>,

    /// Seconds for which the source is looked at to estimate times and sizes, in the end; 0: no estimate. With --check
    /// there is none
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=600))]
    sample: u64,

    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let checks = migration::choose(&arguments.check, &arguments.skip)?;
    let source = way_to_source::find(job, arguments.source.as_deref()).await?;
    let config = config(job, source);
    let answers = migration::run(config.clone(), &checks).await;
    let samples = arguments.check.is_empty() && arguments.sample > 0;
    let estimated = match samples {
        true => Some(estimate(&config, Duration::from_secs(arguments.sample)).await),
        false => None,
    };
    match arguments.json {
        true => job.terminal.print(&object(&answers, estimated).to_string()),
        false => job.terminal.print(&text(&answers, estimated)),
    }
    Ok(outcome(&answers))
}

type Estimated = Option<std::result::Result<Estimate, String>>;

fn text(answers: &[Answer], estimated: Estimated) -> String {
    let mut text = findings::describe(answers, Verdict::Info);
    if let Some(estimated) = estimated {
        text.push('\n');
        text.push_str(&estimated.map_or_else(
            |why| format!("No estimate: {}", why.replace('\n', " ")),
            |estimate| view::line(&estimate),
        ));
    }
    text
}

fn object(answers: &[Answer], estimated: Estimated) -> Value {
    json!({
        "version": 1,
        "ready": outcome(answers) == Outcome::Done,
        "findings": answers.iter().flat_map(objects).collect::<Vec<_>>(),
        "estimate": estimated.map(shown),
    })
}

/// The estimate, or why there is none.
fn shown(estimated: std::result::Result<Estimate, String>) -> Value {
    match estimated {
        Ok(estimate) => view::object(&estimate),
        Err(why) => json!({ "failed": why }),
    }
}

/// What the checks are told.
pub(crate) fn config(job: &Job, source: std::result::Result<ConnectString, String>) -> Config {
    Config {
        source,
        target: job.settings.db.clone(),
        queue: job.queue().to_owned(),
        job: job.settings.job_name.clone(),
        parallel_copies: job.settings.parallel_copies,
        directories: directories(job),
        schema: job.settings.schema_names(),
        application: APPLICATION,
    }
}

/// Where log file and pidfile are.
fn directories(job: &Job) -> Vec<PathBuf> {
    let files = [&job.settings.logfile, &job.settings.pidfile].into_iter().flatten();
    let absolute = files.filter_map(|file| std::path::absolute(file).ok()?.parent().map(PathBuf::from));
    let mut directories: Vec<PathBuf> = absolute.collect();
    directories.dedup();
    directories
}

/// One object for each finding; one for a check that is in order.
fn objects(answer: &Answer) -> Vec<Value> {
    let object = |verdict: &str, place: String, object: &str, found: &str, remedy: &str| {
        json!({
            "check": answer.check.name, "question": answer.check.question, "verdict": verdict, "side": place,
            "object": object, "found": found, "remedy": remedy,
        })
    };
    if answer.findings.is_empty() {
        return vec![object("ok", answer.check.place.to_string(), "", "", "")];
    }
    let found = answer.findings.iter().map(|found| {
        object(
            &found.verdict.to_string(),
            found.place.to_string(),
            &found.object,
            &found.found,
            &found.remedy,
        )
    });
    found.collect()
}

/// A blocker counts more than what could not be checked.
fn outcome(answers: &[Answer]) -> Outcome {
    let has =
        |verdict| answers.iter().flat_map(|answer| &answer.findings).any(|found| found.verdict == verdict);
    match (has(Verdict::Blocker), has(Verdict::Unchecked)) {
        (true, _) => Outcome::Partly,
        (false, true) => Outcome::Unverified,
        (false, false) => Outcome::Done,
    }
}
