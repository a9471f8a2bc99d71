//! `check-capture [TABLE…]`: whether the triggers and functions on the root's tables are what they should be, and their
//! repair.

use anyhow::{Result, bail};
use clap::Args;
use pgq::table::{self, Capture};
use serde_json::json;

use crate::londiste::flags::Answer;
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::retry_on_lock;

/// Words of `check-capture`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of tables of this node; default all
    #[arg(value_name = "TABLE")]
    pub(crate) tables: Vec<String>,

    /// Put right what is wrong
    #[arg(long)]
    pub(crate) apply: bool,

    #[command(flatten)]
    pub(crate) answer: Answer,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    let queue = job.queue();
    if !local.is_root() {
        bail!(
            "node {} is not the root of queue {queue}: changes are captured there, use its ini file",
            local.info.name
        );
    }
    let known = table::list(&*local.session, queue).await?;
    let known: Vec<String> = known.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    let mut apart = Apart::new(job.terminal);
    let chosen = if arguments.tables.is_empty() {
        known
    } else {
        apart.choose(&arguments.tables, &known, "not replicated on this node; see tables")?
    };
    let capture = job.settings.capture;
    // what is said line by line stands in the object
    let say = |text: &str| {
        if !arguments.answer.json {
            job.terminal.say(text);
        }
    };
    let mut objects = Vec::new();
    let mut add = |table: &str, problems: &[String], repaired: bool| {
        objects.push(json!({ "table": table, "problems": problems, "repaired": repaired }));
    };
    let sound = table::sound_captures(&*local.session, queue).await?;
    for name in chosen {
        if sound.contains(&name) {
            say(&format!("{name}: ok"));
            add(&name, &[], false);
            continue;
        }
        let problems = table::check_capture(&*local.session, queue, &name, capture).await?;
        if problems.is_empty() {
            say(&format!("{name}: ok"));
            add(&name, &[], false);
            continue;
        }
        if !arguments.apply {
            apart.failed(&name, &problems.join("; "));
            add(&name, &problems, false);
            continue;
        }
        let repaired = retry_on_lock::in_transaction(job, &mut local.session, &name, async |transaction| {
            table::repair_capture(transaction, queue, &name, capture).await?;
            Ok(table::check_capture(transaction, queue, &name, capture).await?)
        })
        .await;
        match repaired.and_then(|left| after_repair(&name, &problems, &left)) {
            Ok(note) => {
                say(&note);
                add(&name, &problems, true);
            }
            Err(error) => {
                add(&name, &problems, false);
                apart.take(&name, Err(error));
            }
        }
    }
    if arguments.answer.json {
        let sound = apart.outcome() == Outcome::Done;
        let (queue, node) = (job.queue(), &local.info.name);
        let answer = json!({ "version": 1, "queue": queue, "node": node, "sound": sound, "tables": objects });
        job.terminal.print(&answer.to_string());
    } else if capture == Capture::Stock {
        job.terminal
            .say("arguments of stock triggers are not compared: they are whatever add-table was given");
    }
    Ok(apart.outcome())
}

/// Changes that were made while capture was not whole are lost to the subscribers.
fn after_repair(name: &str, problems: &[String], left: &[String]) -> Result<String> {
    if !left.is_empty() {
        bail!("cannot be repaired: {}", left.join("; "));
    }
    Ok(format!(
        "{name}: repaired ({}); where changes have been missed meanwhile, copy it again: resync on each subscriber",
        problems.join("; ")
    ))
}
