//! `complete`: the migration ends, after a switch or (`--abandon`) in any other phase. Both sides are freed of what
//! replication did, and their catalogs show that nothing is left.

mod arguments;
mod ends;
mod put_back;
mod removal;
mod report;
mod sessions;
mod side;
mod undo;

use anyhow::{Result, bail};
use migration::complete::{End as Standing, refusal};
use parts::fail_point;

use crate::londiste::command::switchover::Lock;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::terminal::Terminal;
use ends::{End, Ends};
use side::Side;

pub(crate) use arguments::Arguments;

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let quiet = job.speaking(Terminal::new(1));
    let job = if arguments.json { &quiet } else { job };
    let mut ends = Ends::find(job, arguments).await?;
    if !ends.has_node() && !arguments.abandon && ends.is_clean().await? {
        // given again after its end
        let sides = report::of_nothing(&ends, job, arguments).await?;
        return report::end(job, arguments, &ends, sides);
    }
    if let Some(why) = refused(job, arguments, &ends) {
        bail!("{why}. Nothing has changed");
    }
    sessions::refuse(job, &ends).await?;
    if arguments.dry_run {
        return report::dry_run(job, arguments, &ends).await;
    }
    let locks = locks(job, &ends).await?;
    // what was read before the locks may have changed
    ends.look_again(job).await?;
    if let Some(why) = refused(job, arguments, &ends) {
        bail!("{why}. Nothing has changed");
    }
    let mut sides = Vec::new();
    // this side goes last: it knows the way to the other one
    for end in ends.iter_mut() {
        let side = clean(job, arguments, end).await.map_err(|error| {
            error.context(format!(
                "node {} is not cleaned yet; the same command goes on where this has ended",
                end.name()
            ))
        })?;
        report::tell(job, &side);
        sides.push(side);
        fail_point::reached("complete-side");
    }
    drop(locks);
    report::prove(job, &ends, &mut sides).await?;
    report::end(job, arguments, &ends, sides)
}

fn refused(job: &Job, arguments: &Arguments, ends: &Ends) -> Option<String> {
    let other = ends.other.as_ref().map(standing);
    let ini = job.ini.display().to_string();
    refusal(&standing(&ends.own), other.as_ref(), arguments.abandon, &ini)
}

fn standing(end: &End) -> Standing<'_> {
    let node = end.node.as_ref().map(|node| (node.name.as_str(), node.node_type));
    Standing { node, switch: end.switch.as_ref() }
}

/// No switch, and no second `complete`, may be at work.
async fn locks(job: &Job, ends: &Ends) -> Result<Vec<Lock>> {
    let who = format!("{}, process {}", ends::APPLICATION, std::process::id());
    let mut locks = Vec::new();
    for end in ends.iter() {
        locks.push(Lock::take_as(&end.at(), job.queue(), &who).await?);
    }
    Ok(locks)
}

/// Frees one side.
async fn clean(job: &Job, arguments: &Arguments, end: &mut End) -> Result<Side> {
    let mut side = Side::new(end);
    side.tables = undo::tables(job, end).await?;
    side.not_back = put_back::all(job, end).await?;
    removal::run(job, arguments, end, &mut side).await?;
    Ok(side)
}
