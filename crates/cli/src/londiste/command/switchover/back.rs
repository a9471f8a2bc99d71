//! Taking back: a switch that fails, or that the operator does not want any more.

use std::time::Instant;

use anyhow::{Error, Result, bail};
use migration::switch::{Standing, TakenBack, take_back};
use pg::Session;
use tokio::time::timeout;

use super::both::{APPLICATION, Both, PATIENCE};
use super::lock::Lock;

use super::hooks;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::terminal::describe;

/// Takes a switch back that has failed, over new connections: those at hand may hang. The answer is always an error.
pub(super) async fn after(
    job: &Job,
    both: &Both,
    id: &str,
    frozen: Instant,
    error: Error,
) -> Result<Outcome> {
    let why = describe(&error);
    let name = &both.sides.old_node.name;
    let told = match opened(job, both, id).await {
        Ok(TakenBack::Opened) => format!(
            "{why}. The switch was taken back: node {name} takes changes again, they were refused for {:.1} s",
            frozen.elapsed().as_secs_f64()
        ),
        Ok(TakenBack::WasOpen) => format!("{why}. Node {name} takes changes"),
        Ok(TakenBack::TooLate) => {
            format!("{why}. Node {} has become the root: it takes changes", both.sides.new_node.name)
        }
        Err(error) => format!(
            "{why}. NODE {name} IS CLOSED and could not be opened again ({}). Its worker opens it as soon as \
             the deadline has passed and it reaches its database; or give: londiste {} switchover --abort",
            describe(&error),
            job.ini.display()
        ),
    };
    let hook = job.settings.hook_on_abort.as_deref();
    let facts = hooks::facts(both).with("LONDISTE_REASON", &why);
    if let Err(error) = hooks::run(job, "hook_on_abort", hook, &facts).await {
        job.terminal.complain(&describe(&error));
    }
    bail!(told)
}

async fn opened(job: &Job, both: &Both, id: &str) -> Result<TakenBack> {
    let old = match timeout(PATIENCE, Session::connect(&both.old_at, APPLICATION)).await {
        Ok(connected) => connected?,
        Err(_) => bail!("no answer within {} s", PATIENCE.as_secs()),
    };
    let new = timeout(PATIENCE, Session::connect(&both.new_at, APPLICATION)).await.ok().and_then(Result::ok);
    match timeout(PATIENCE, take_back(&old, new.as_ref(), job.queue(), id)).await {
        Ok(taken) => Ok(taken?),
        Err(_) => bail!("no answer within {} s", PATIENCE.as_secs()),
    }
}

/// `--abort`.
pub(super) async fn run(job: &Job) -> Result<Outcome> {
    let both = Both::of(job).await?;
    let _lock = Lock::take(&both.old_at, job.queue()).await?;
    let standing = Standing::of(&*both.sides.old, &*both.sides.new, &both.sides.queue).await?;
    let old = both.sides.old_node.name.as_str();
    let known = match &standing {
        Standing::Closed(known) | Standing::Between(known) => known,
        Standing::Taken(_) | Standing::Done(_) => {
            bail!(
                "node {} has become the root and takes changes: the way back is a switch, \
                 with the ini file of node {old}",
                both.sides.new_node.name
            )
        }
        Standing::None | Standing::Before(_) => {
            job.terminal.say(&format!("no switch is under way; node {old} takes changes"));
            return Ok(Outcome::Done);
        }
    };
    match take_back(&both.sides.old, Some(&both.sides.new), job.queue(), &known.id).await? {
        TakenBack::Opened | TakenBack::WasOpen => {
            job.terminal.say(&format!("the switch was taken back: node {old} takes changes"));
        }
        TakenBack::TooLate => bail!("node {} has become the root just now", both.sides.new_node.name),
    }
    let facts = hooks::facts(&both).with("LONDISTE_REASON", "switchover --abort");
    hooks::run(job, "hook_on_abort", job.settings.hook_on_abort.as_deref(), &facts).await?;
    Ok(Outcome::Done)
}
