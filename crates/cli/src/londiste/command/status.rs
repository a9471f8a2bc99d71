//! `status`: all nodes of the queue as a tree, with their tables and lags.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use daemon::stage::{Command, commands};
use futures_util::future::join_all;
use pg::Client;
use pgq::node::{self, Location};
use pgq::outlook::{self, Outlook, Situation, Stage, State};
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::outlooks;
use crate::londiste::view::node_snapshot::NodeSnapshot;
use crate::londiste::view::node_tree::Branch;
use crate::londiste::view::{node_object, node_snapshot};
use crate::terminal::describe;

/// A node that does not answer within this time is shown as not reachable.
const LIMIT: Duration = Duration::from_secs(5);

/// Words of `status`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One line for each node
    #[arg(long, conflicts_with = "json")]
    pub(crate) compact: bool,

    #[command(flatten)]
    pub(crate) answer: Answer,
}

/// A member and what could be learned of it.
#[derive(Debug)]
struct Member {
    name: String,
    dead: bool,
    look: Result<(NodeSnapshot, Option<Outlook>), String>,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let locations = node::locations(&*local.session, job.queue()).await?;
    let members = join_all(locations.iter().map(|location| visit(job, &local, location))).await;
    if arguments.answer.json {
        let (stage, commands) = stage(job, &local, &members);
        let nodes: Vec<Value> = members.iter().map(|member| object(&members, member)).collect();
        let migration = daemon::stage::object(job.queue(), &stage, &commands);
        let (queue, node) = (job.queue(), &local.info.name);
        let answer =
            json!({ "version": 1, "queue": queue, "node": node, "migration": migration, "nodes": nodes });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    job.terminal.print(&format!("Queue: {}   Local node: {}", job.queue(), local.info.name));
    if !arguments.compact {
        let (stage, commands) = stage(job, &local, &members);
        daemon::stage::lines(&stage, &commands).iter().for_each(|line| job.terminal.print(line));
    }
    job.terminal.print("");
    let trees = trees(&members);
    let drawn: Vec<String> =
        trees.iter().map(|tree| if arguments.compact { tree.compact() } else { tree.drawn() }).collect();
    job.terminal.print(&drawn.join("\n\n"));
    Ok(Outcome::Done)
}

async fn visit(job: &Job, local: &Node, location: &Location) -> Member {
    let look = async {
        if location.node == local.info.name {
            return look(job, &local.session).await;
        }
        let session = job.connect_within(&location.node, &location.connect_string, LIMIT).await?;
        match tokio::time::timeout(LIMIT, look(job, &session)).await {
            Ok(look) => look,
            Err(_) => anyhow::bail!("no answer within {} s", LIMIT.as_secs()),
        }
    };
    let look = look.await.map_err(|error| describe(&error));
    Member { name: location.node.clone(), dead: location.dead, look }
}

async fn look(job: &Job, session: &Client) -> Result<(NodeSnapshot, Option<Outlook>)> {
    let mut snapshot = node_snapshot::at(session, job.queue()).await?;
    if !outlook::is_known(session).await? {
        return Ok((snapshot, None));
    }
    match outlooks::look(job, session, &snapshot.info).await {
        Ok(seen) => Ok((snapshot, Some(seen))),
        Err(error) => {
            let why = describe(&error);
            snapshot.remarks.push(format!("where the migration stands cannot be told: {why}"));
            Ok((snapshot, None))
        }
    }
}

/// A member for machines.
fn object(members: &[Member], member: &Member) -> Value {
    let mut object = match &member.look {
        Ok((look, outlook)) => {
            let lag = look.own_lag.or_else(|| lag_at_provider(members, look));
            node_object::node(look, outlook.as_ref(), lag)
        }
        Err(_) => json!({ "node": member.name }),
    };
    object["dead"] = json!(member.dead);
    object["unreachable"] = json!(member.look.as_ref().err());
    object
}

/// Where the migration stands, and the commands that come next.
fn stage(job: &Job, local: &Node, members: &[Member]) -> (Stage, Vec<Command>) {
    let nodes: Vec<&Outlook> =
        members.iter().filter_map(|member| member.look.as_ref().ok()?.1.as_ref()).collect();
    let snapshots = || members.iter().filter_map(|member| Some(&member.look.as_ref().ok()?.0));
    let lag = snapshots()
        .filter(|look| look.own_lag.is_none())
        .filter_map(|look| lag_at_provider(members, look))
        .max();
    let unreachable = members.iter().find_map(|member| Some((member, member.look.as_ref().err()?)));
    let failing = unreachable
        .filter(|(member, _)| !member.dead)
        .map(|(member, why)| (format!("node {} is not reachable", member.name), why.clone()));
    let is_away = failing.is_some();
    let mut stage = outlook::stage(&Situation { nodes: &nodes, lag, failing });
    if is_away && stage.state == State::Blocked {
        // no command of ours reaches it
        stage.next.clear();
    }
    let ini = |node: &str| (node == local.info.name).then(|| job.ini.display().to_string());
    let commands = commands(&stage, ini);
    (stage, commands)
}

/// The tree below the root, and whatever hangs on nothing.
fn trees(members: &[Member]) -> Vec<Branch> {
    let mut seen = BTreeSet::new();
    let mut trees = Vec::new();
    let tops = members.iter().filter(|member| provider(members, &member.name).is_none());
    for top in tops.chain(members) {
        if !seen.contains(&top.name) {
            let mut tree = branch(members, top, &mut seen);
            tree.sort();
            trees.push(tree);
        }
    }
    trees
}

fn branch(members: &[Member], member: &Member, seen: &mut BTreeSet<String>) -> Branch {
    seen.insert(member.name.clone());
    let mut children = Vec::new();
    for child in members {
        if provider(members, &child.name) == Some(&member.name) && !seen.contains(&child.name) {
            children.push(branch(members, child, seen));
        }
    }
    let dead = if member.dead { ", dead" } else { "" };
    match &member.look {
        Ok((look, _)) => {
            let lag = look.own_lag.or_else(|| lag_at_provider(members, look));
            let title = format!("{} ({}{dead})", member.name, look.info.node_type.as_str());
            Branch { title, lines: look.lines(lag), children }
        }
        Err(reason) => {
            let lines = vec![format!("ERR: not reachable: {}", reason.replace('\n', " "))];
            Branch { title: format!("{} (?{dead})", member.name), lines, children }
        }
    }
}

/// The provider of a node: by its own word, else by that of the node which serves it.
fn provider<'a>(members: &'a [Member], name: &str) -> Option<&'a String> {
    let member = members.iter().find(|member| member.name == name)?;
    let above = match &member.look {
        Ok((look, _)) => look.info.provider.as_deref().filter(|above| *above != name)?,
        Err(_) => {
            let serves = |other: &&Member| {
                other.look.as_ref().is_ok_and(|(look, _)| look.subscribers.iter().any(|s| s == name))
            };
            &members.iter().find(serves)?.name
        }
    };
    members.iter().find(|member| member.name == above).map(|member| &member.name)
}

fn lag_at_provider(members: &[Member], look: &NodeSnapshot) -> Option<Duration> {
    let provider = members.iter().find(|member| Some(&member.name) == look.info.provider.as_ref())?;
    provider.look.as_ref().ok()?.0.lag_of(look.info.worker.as_ref()?)
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
