//! Step `nodes`: the source becomes the root of the queue, the target its leaf.

use anyhow::{Context, Result, bail};
use migration::steps::{Ending, Standing};
use pgq::node::{self, NodeType};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::side::Side;
use crate::londiste::command::{create_leaf, create_root};
use crate::londiste::flags::NewNode;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Names of nodes that their ini files do not name.
const ROOT: &str = "primary";
const LEAF: &str = "subscriber";

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let (source, target) = (course.source_side().await?, course.target_side().await?);
    let queue = course.target.queue();
    refuse_others(course, &source, &target)?;
    let mut open = Vec::new();
    if source.node.is_none() {
        open.push(format!("root {} on the source", named(&course.source, &source, ROOT)));
    }
    let subscribed = match (&source.node, &target.node) {
        (Some(_), Some(leaf)) => {
            node::subscribers(&**source.session, queue).await?.iter().any(|known| known.node == leaf.name)
        }
        _ => false,
    };
    if !subscribed {
        open.push(format!("leaf {} on the target", named(&course.target, &target, LEAF)));
    }
    Ok(match (open.as_slice(), &source.node, &target.node) {
        ([], Some(root), Some(leaf)) => Standing::Done(format!(
            "node {} is the root of queue {queue}, node {} its leaf",
            root.name, leaf.name
        )),
        _ => Standing::Open(open.join(", ")),
    })
}

/// Refuses ini files that are swapped, as far as nodes tell, before anything is changed. A side that does not answer is
/// told by preflight.
pub(super) async fn refuse_swapped(course: &Course<'_>) -> Result<()> {
    match (course.source_side().await, course.target_side().await) {
        (Ok(source), Ok(target)) => refuse_others(course, &source, &target),
        _ => Ok(()),
    }
}

/// A database that plays another part in the queue is no side of this migration.
fn refuse_others(course: &Course<'_>, source: &Side, target: &Side) -> Result<()> {
    let parts = [(&course.source, source, NodeType::Root), (&course.target, target, NodeType::Leaf)];
    for (job, side, wanted) in parts {
        if let Some(found) = side.node.as_ref().filter(|found| found.node_type != wanted) {
            bail!(
                "node {} (db in {}) is a {} of queue {}, and the migration needs a {} there: \
                 are the ini files swapped?",
                found.name,
                job.ini.display(),
                found.node_type.as_str(),
                job.queue(),
                wanted.as_str()
            );
        }
    }
    Ok(())
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let (source, target) = (course.source_side().await?, course.target_side().await?);
    if target.node.is_none() {
        course.start_over().await?;
    }
    let node = new(&course.source, &source, ROOT);
    let there = node.location.clone();
    let root = create_root::run(&course.source, create_root::Arguments { node }).await;
    let mut whole = root.context("the root on the source")?;
    let provider = match &course.target.settings.initial_provider_location {
        Some(_) => None,
        None => there,
    };
    let node = new(&course.target, &target, LEAF);
    let leaf = create_leaf::run(&course.target, create_leaf::Arguments { node, provider }).await;
    if leaf.context("the leaf on the target")? != Outcome::Done {
        whole = Outcome::Partly;
    }
    Ok(match whole {
        Outcome::Done => Ending::Done("root and leaf are there".to_owned()),
        _ => Ending::Partly("see above".to_owned()),
    })
}

/// Name and address of a side's node. Without `public_node_location` the others reach it as this machine does.
fn new(job: &Job, side: &Side, default: &str) -> NewNode {
    let location = job.settings.public_node_location.as_ref().unwrap_or(&job.settings.db);
    NewNode { name: Some(named(job, side, default)), location: Some(location.to_conninfo()), nocheck: false }
}

/// The node's name: of the one that is there, of the ini file, or the usual one.
fn named(job: &Job, side: &Side, default: &str) -> String {
    let there = side.node.as_ref().map(|node| node.name.clone());
    let written = job.settings.node_name.clone().filter(|name| !name.trim().is_empty());
    written.or(there).unwrap_or_else(|| default.to_owned())
}
