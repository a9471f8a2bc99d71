//! The way forward: guard, preparation, freeze, verification, and the change of places.

use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use migration::switch::{self, Drain, Freeze, Standing};
use pgq::switch::{LastTick, Writer};
use tokio::time::timeout;

use super::arguments::{Arguments, LargeObjects};
use super::both::Both;
use super::lock::{Lock, who};
use super::steps::{say, step};
use super::swap::{self, Frozen};
use super::verify::{self, Verification};
use super::{back, guard, hooks, wait};
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::terminal::describe;

pub(super) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    if let Some(text) = &arguments.at {
        wait::time(text)?;
    }
    let mut both = Both::of(job).await?;
    let _lock = if arguments.dry_run { None } else { Some(Lock::take(&both.old_at, job.queue()).await?) };
    // what was read before the lock may have changed
    both.standing = Standing::of(&*both.sides.old, &*both.sides.new, &both.sides.queue).await?;
    let id = match &both.standing {
        Standing::Done(known) => {
            let tick = known.last.map(|last| last.tick).unwrap_or_default();
            let (new, queue) = (&both.sides.new_node.name, job.queue());
            job.terminal.say(&format!("node {new} is the root of {queue} already: switched at tick {tick}"));
            return Ok(Outcome::Done);
        }
        Standing::Between(known) | Standing::Taken(known) => {
            let last = known.last.context("the record of the switch has no last tick")?;
            if arguments.dry_run {
                bail!("a switch is half way; without --dry-run it is gone on with");
            }
            job.terminal.say("an interrupted switch is gone on with: the old root has left");
            let (id, frozen) = (known.id.clone(), Frozen::Before(known.frozen_for.unwrap_or_default()));
            return swap::run(job, arguments, &both, &id, &last, frozen).await;
        }
        Standing::Closed(known) if known.to != both.sides.new_node.name => {
            bail!(
                "a switch to node {} is under way; \
                 with the ini file of that node, go on with it or take it back: switchover --abort",
                known.to
            )
        }
        Standing::Closed(known) => known.id.clone(),
        Standing::None | Standing::Before(_) => new_id(),
    };
    let is_closed = matches!(both.standing, Standing::Closed(_));
    if is_closed {
        job.terminal.say("an interrupted switch is gone on with: the old root is closed already");
    } else if let Some(ended) = before(job, arguments, &mut both, &id).await? {
        return Ok(ended);
    }
    let verification = Verification::prepare(job, &both, arguments.verify, !is_closed).await?;
    if !is_closed {
        carry(job, arguments, &mut both).await?;
        if let Some(verification) = &verification {
            step(job, "compare", &verification.before, verification.began);
        }
        let hook = job.settings.hook_before_freeze.as_deref();
        hooks::run(job, "hook_before_freeze", hook, &hooks::facts(&both)).await?;
    }
    let began = Instant::now();
    let closed = closed(job, arguments, &mut both, &id, verification.as_ref());
    let closed = timeout(arguments.deadline, closed).await;
    let limit = arguments.deadline.as_secs();
    let closed =
        closed.unwrap_or_else(|_| Err(anyhow!("it did not come to its end within {limit} s (--deadline)")));
    match closed {
        Ok(last) => {
            let ended = swap::run(job, arguments, &both, &id, &last, Frozen::Since(began)).await?;
            if let Some(verification) = &verification
                && let Err(error) = verification.keep(job, &both, &last).await
            {
                job.terminal.warn(&format!(
                    "{}: that both sides are equal could not be kept, and the way back wants a comparison first",
                    describe(&error)
                ));
            }
            Ok(ended)
        }
        Err(error) => back::after(job, &both, &id, began, error).await,
    }
}

/// What is done while the old root works; the answer is how the command ends, where nothing follows.
async fn before(job: &Job, arguments: &Arguments, both: &mut Both, id: &str) -> Result<Option<Outcome>> {
    let began = Instant::now();
    let answers = guard::ask(job, both, arguments).await;
    if guard::tell(job, &answers, &arguments.force) {
        let soft = guard::soft_blockers(&answers, &arguments.force).join(",");
        let hint = if soft.is_empty() {
            String::new()
        } else {
            format!("; the soft ones are overruled by --force {soft}")
        };
        job.terminal.complain(&format!("the guard refuses the switch, and nothing has changed{hint}"));
        return Ok(Some(Outcome::Partly));
    }
    step(job, "guard", &format!("{} points in order", answers.len()), began);
    if arguments.dry_run {
        job.terminal.say("nothing stands in the way; --dry-run: nothing was done");
        return Ok(Some(Outcome::Done));
    }
    let began = Instant::now();
    let tables = switch::prepare(&mut both.sides, id, &who()).await.context("preparing the new root")?;
    step(job, "prepare", &format!("{tables} tables can be captured on {}", both.sides.new_node.name), began);
    wait::until_allowed(job, arguments).await?;
    Ok(None)
}

/// Closes the old root and verifies what the new one has.
async fn closed(
    job: &Job,
    arguments: &Arguments,
    both: &mut Both,
    id: &str,
    verification: Option<&Verification>,
) -> Result<LastTick> {
    let began = Instant::now();
    let drain =
        Drain { patience: arguments.drain, terminate: arguments.terminate, spare: arguments.spare.clone() };
    let frozen = Freeze::run(&mut both.sides, id, &who(), arguments.deadline, &drain).await?;
    let what = format!("{} refuses changes (SQLSTATE 25006){}", both.sides.old_node.name, drained(&frozen));
    step(job, "freeze", &what, began);
    let what = format!("{}; {} has it", frozen.last.tick, both.sides.new_node.name);
    say(job, "last tick", &what, frozen.applied_after);
    carry(job, arguments, both).await?;
    let began = Instant::now();
    guard::again(both).await?;
    let verified = verify::run(job, both, &frozen.last, verification).await?;
    parts::fail_point::reached("switch-verified");
    step(job, "verify", &verified, began);
    Ok(frozen.last)
}

/// Takes large objects along, where that is asked for.
async fn carry(job: &Job, arguments: &Arguments, both: &mut Both) -> Result<()> {
    if arguments.large_objects == LargeObjects::Copy {
        let began = Instant::now();
        let carried = switch::carry_large_objects(&mut both.sides).await.context("large objects")?;
        let what = format!("{} large objects, {} of them copied", carried.all, carried.copied);
        step(job, "objects", &what, began);
    }
    Ok(())
}

fn drained(frozen: &Freeze) -> String {
    let mut text = String::new();
    if frozen.ended > 0 {
        text = format!("; {} transactions ended by themselves", frozen.ended);
    }
    if !frozen.terminated.is_empty() {
        let one = |writer: &Writer| {
            format!("{} ({}, {})", writer.pid.unwrap_or_default(), writer.role, writer.application)
        };
        let all: Vec<String> = frozen.terminated.iter().map(one).collect();
        text.push_str(&format!("; ended: server processes {}", all.join(", ")));
    }
    text
}

/// A name that no other switch has.
fn new_id() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", since.as_nanos(), std::process::id())
}
