//! `preflight`: what stands in the way of a migration, on both sides and on this machine. Nothing has to be installed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use clap::builder::PossibleValuesParser as Names;
use migration::{Answer, Config, Verdict};
use pg::ConnectString;
use pgq::node;
use serde_json::{Value, json};

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::findings;

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste preflight";
/// The target is asked for its node within this time.
const PATIENCE: Duration = Duration::from_secs(20);

/// Words of `preflight`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How to reach the source (default: initial_provider_location of INI, then the node's provider)
    #[arg(long, value_name = "CONNSTR")]
    source: Option<String>,

    /// Make this check and no other (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(migration::names()), hide_possible_values = true)]
    check: Vec<String>,

    /// Leave this check out (repeatable; commas between names)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Names::new(migration::names()), hide_possible_values = true)]
    skip: Vec<String>,

    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let checks = migration::choose(&arguments.check, &arguments.skip)?;
    let source = source(job, arguments.source.as_deref()).await?;
    let answers = migration::run(config(job, source), &checks).await;
    match arguments.json {
        true => {
            let findings: Vec<Value> = answers.iter().flat_map(objects).collect();
            let ready = outcome(&answers) == Outcome::Done;
            job.terminal.print(&json!({ "version": 1, "ready": ready, "findings": findings }).to_string());
        }
        false => job.terminal.print(&findings::describe(&answers, Verdict::Info)),
    }
    Ok(outcome(&answers))
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
        application: APPLICATION,
    }
}

/// The way to the source, or why it is not known.
async fn source(job: &Job, given: Option<&str>) -> Result<std::result::Result<ConnectString, String>> {
    let named = match given {
        Some(text) => Some(text.parse::<ConnectString>().context("--source")?),
        None => job.settings.initial_provider_location.clone(),
    };
    if let Some(named) = named {
        return Ok(Ok(job.reaching(&named)));
    }
    let unknown = || {
        let ini = job.ini.display();
        format!("no source is named, and {ini} has no initial_provider_location and no node with a provider")
    };
    // Where the target cannot be asked, the check of its reachability says why.
    let asked = tokio::time::timeout(PATIENCE, provider(job)).await;
    Ok(asked.ok().and_then(Result::ok).flatten().ok_or_else(unknown))
}

/// The provider of this node, where there is a node.
async fn provider(job: &Job) -> Result<Option<ConnectString>> {
    let session = job.connect().await?;
    if pgq::install::require(&session).await.is_err() {
        return Ok(None);
    }
    let node = node::info(&*session, job.queue()).await?;
    let location = node.and_then(|node| node.provider_location);
    Ok(location.and_then(|text| text.parse().ok()).map(|at| job.reaching(&at)))
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
