//! Steps `sequences` and `tables`: they enter replication on the source, then on the target.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use migration::steps::{Ending, Standing};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::scope::Scope;
use crate::londiste::command::migrate::side::{Side, counted, some};
use crate::londiste::command::{add_seq, add_table};
use crate::londiste::support::job::Job;
use crate::londiste::support::kind::Kind;
use crate::londiste::support::outcome::Outcome;

pub(super) async fn look(course: &mut Course<'_>, kind: Kind) -> Result<Standing> {
    let (source, scope) = course.scope().await?;
    let target = course.target_side().await?;
    let names = of(kind, &scope);
    let missing = missing(course, kind, names, [&source, &target]).await?;
    Ok(match missing.as_slice() {
        [] => Standing::Done(format!("{} on both sides", counted(names.len(), kind.word()))),
        missing => Standing::Open(format!("{}: {}", counted(missing.len(), kind.word()), some(missing))),
    })
}

pub(super) async fn act(course: &mut Course<'_>, kind: Kind) -> Result<Ending> {
    let (source, scope) = course.scope().await?;
    let names = of(kind, &scope);
    let before = missing(course, kind, names, [&source, &course.target_side().await?]).await?;
    let open = absent(names, &source.replicated(kind, course.source.queue()).await?);
    let mut whole = add(&course.source, kind, open).await.context("on the source")?;

    // what the source could not take the target cannot have
    let source = course.source_side().await?;
    let there = source.replicated(kind, course.source.queue()).await?;
    let target = course.target_side().await?;
    let open = absent(names, &target.replicated(kind, course.target.queue()).await?);
    let open = open.into_iter().filter(|name| there.contains(name)).collect();
    if add(&course.target, kind, open).await.context("on the target")? != Outcome::Done {
        whole = Outcome::Partly;
    }

    let after = missing(course, kind, names, [&source, &course.target_side().await?]).await?;
    let added = format!("{} added", counted(before.len() - after.len().min(before.len()), kind.word()));
    Ok(match (whole, after.as_slice()) {
        (Outcome::Done, []) => Ending::Done(added),
        (_, after) => Ending::Partly(format!(
            "{added}, {} not: {}; the reasons stand above",
            counted(after.len(), kind.word()),
            some(after)
        )),
    })
}

/// Adds these as the guide does: without triggers that guard the target's tables.
async fn add(job: &Job, kind: Kind, names: Vec<String>) -> Result<Outcome> {
    if names.is_empty() {
        return Ok(Outcome::Done);
    }
    match kind {
        Kind::Table => {
            let words = add_table::Arguments { tables: names, no_triggers: true, ..Default::default() };
            add_table::run(job, &words).await
        }
        Kind::Sequence => add_seq::run(job, &add_seq::Arguments { seqs: names, ..Default::default() }).await,
    }
}

fn of(kind: Kind, scope: &Scope) -> &[String] {
    match kind {
        Kind::Table => &scope.tables,
        Kind::Sequence => &scope.sequences,
    }
}

fn absent(names: &[String], there: &BTreeSet<String>) -> Vec<String> {
    names.iter().filter(|name| !there.contains(*name)).cloned().collect()
}

/// Names that one of the sides does not replicate.
async fn missing(
    course: &Course<'_>,
    kind: Kind,
    names: &[String],
    sides: [&Side; 2],
) -> Result<Vec<String>> {
    let queue = course.target.queue();
    let there = sides[0].replicated(kind, queue).await?;
    let here = sides[1].replicated(kind, queue).await?;
    Ok(absent(names, &there.intersection(&here).cloned().collect()))
}
