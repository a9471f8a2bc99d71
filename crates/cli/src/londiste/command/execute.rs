//! `execute FILE…`: scripts that run on every node, each in its place between the changes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use pgq::replay;
use pgq::script::{self, Attributes, Need};
use tokio_postgres::Transaction;

use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::retry_on_lock;

/// Words of `execute`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files with SQL; each is known by its file name, and runs once on every node
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// On a leaf: do not run the script of that name when it comes
    #[arg(long)]
    pub(crate) skip: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    if arguments.skip {
        return skip(job, &local, &arguments.files).await;
    }
    if !local.is_root() {
        bail!(
            "node {} is not the root of queue {}: scripts start there, and come here with the changes",
            local.info.name,
            job.queue()
        );
    }
    let mut scripts = Vec::new();
    for file in &arguments.files {
        let sql = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let attributes = Attributes::of_script(&sql).with_context(|| file.display().to_string())?;
        scripts.push((name(file)?, sql, attributes));
    }
    for (name, sql, attributes) in &scripts {
        let what = format!("script {name}");
        let work =
            async |transaction: &Transaction<'_>| on_root(job, transaction, name, sql, attributes).await;
        let note = retry_on_lock::in_transaction(job, &mut local.session, &what, work).await?;
        job.terminal.say(&format!("{name}: {note}"));
    }
    Ok(Outcome::Done)
}

/// Scripts are known by their file's name alone.
fn name(file: &Path) -> Result<String> {
    let name = file.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("{} is not the name of a file", file.display()))?.to_owned())
}

/// Its event is written in the transaction that runs it. Changes that it makes to replicated tables are not captured:
/// every node makes them itself.
async fn on_root(
    job: &Job,
    transaction: &Transaction<'_>,
    name: &str,
    sql: &str,
    attributes: &Attributes,
) -> Result<&'static str> {
    let queue = job.queue();
    if !script::start(transaction, queue, name, sql, true, attributes).await? {
        return Ok("has been run already, and is left out; to run it again give it another name");
    }
    let need = attributes.need(transaction, queue, sql).await?;
    if let Need::Run(text) = &need {
        let quiet = replay::may_bypass_triggers(transaction).await?;
        if quiet {
            replay::set_role(transaction, "local").await.map_err(pg::Error::from)?;
        }
        let limit = job.settings.limits().unhurried().as_local_sql();
        transaction.batch_execute(&limit).await.map_err(pg::Error::from)?;
        script::run(transaction, name, text).await?;
        if !quiet {
            let changes = script::captured_changes(transaction, queue).await?;
            if changes > 0 {
                bail!(
                    "script {name} changes {changes} rows of replicated tables, and session_replication_role \
                     is not permitted here: they would come to the other nodes twice. Change rows outside of \
                     scripts; they are replicated"
                );
            }
        }
    }
    script::finish(transaction, queue, name).await?;
    Ok(match need {
        Need::Run(_) => "was run, and goes to the other nodes",
        Need::Nothing => "is not needed on this node, and goes to the others",
    })
}

async fn skip(job: &Job, local: &Node, files: &[PathBuf]) -> Result<Outcome> {
    if local.is_root() {
        bail!(
            "node {} is the root of queue {}: --skip is for the nodes that a script comes to",
            local.info.name,
            job.queue()
        );
    }
    for file in files {
        let name = name(file)?;
        let new = script::start(
            &*local.session,
            job.queue(),
            &name,
            "-- skipped by hand",
            false,
            &Attributes::default(),
        )
        .await?;
        job.terminal.say(&match new {
            true => format!("{name}: will not be run on node {}", local.info.name),
            false => format!("{name}: has been run or skipped on node {} already", local.info.name),
        });
    }
    Ok(Outcome::Done)
}
