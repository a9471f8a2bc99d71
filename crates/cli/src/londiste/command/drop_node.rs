//! `drop-node NAME`: a node leaves the queue. What replication did to its tables is undone, its provider forgets it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use pgq::node::{self, NodeType};
use pgq::{batch, copy, queue, table};
use tokio_postgres::Transaction;

use crate::londiste::command::remove_table;
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::{foreign_keys, retry_on_lock};
use crate::terminal::describe;

/// How long an unreachable node is tried.
const LIMIT: Duration = Duration::from_secs(10);

/// Words of `drop-node`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the node
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let (name, queue) = (arguments.name.as_str(), job.queue());
    let local = job.local().await?;
    let members = node::locations(&*local.session, queue).await?;
    if !members.iter().any(|member| member.node == name) {
        let names: Vec<&str> = members.iter().map(|member| member.node.as_str()).collect();
        bail!("queue {queue} has no node {name}; its nodes are {}", names.join(", "));
    }
    let (mut there, above) = find(job, local, name).await?;
    if let Some(there) = &mut there {
        refuse_provider(there, queue).await?;
        let mut apart = Apart::new(job.terminal);
        for info in table::list(&*there.session, queue).await?.iter().filter(|info| info.local) {
            apart.take(&info.name, remove_table::remove(job, &mut there.session, &info.name).await);
        }
        if apart.outcome() == Outcome::Done && there.info.node_type != NodeType::Root {
            foreign_keys::bring_back(job, &mut there.session, &mut apart).await?;
        }
        if apart.outcome() == Outcome::Partly {
            bail!(
                "node {name} of queue {queue} stays, because of what is said above; \
                 repeat the command when that is repaired"
            );
        }
    }
    let forgotten = forget(job, name, above, &mut there).await?;
    match (&there, forgotten) {
        (Some(_), true) => job.terminal.say(&format!("node {name} dropped; its worker may be stopped now")),
        (None, true) => job.terminal.say(&format!("node {name} is forgotten by its provider")),
        (_, false) => {
            job.terminal.warn(&format!(
                "the provider of node {name} was not reached and still keeps events for it; run drop-node \
                 {name} with the provider's ini file as well"
            ));
            return Ok(Outcome::Partly);
        }
    }
    Ok(Outcome::Done)
}

/// Where the node hangs.
enum Above {
    /// It is the root.
    Nothing,
    Provider(Box<Node>),
    Unreachable,
}

/// The node itself, where it can be reached, and its provider.
async fn find(job: &Job, local: Node, name: &str) -> Result<(Option<Node>, Above)> {
    let queue = job.queue();
    if local.info.name == name {
        if local.is_root() {
            return Ok((Some(local), Above::Nothing));
        }
        let above = match job.provider_of(&local.info).await {
            Ok(provider) => Above::Provider(Box::new(provider)),
            Err(error) => {
                job.terminal.warn(&describe(&error));
                Above::Unreachable
            }
        };
        return Ok((Some(local), above));
    }
    let members = node::locations(&*local.session, queue).await?;
    let location =
        members.iter().find(|member| member.node == name).map(|member| member.connect_string.clone());
    let location = location.with_context(|| format!("queue {queue} has no node {name}"))?;
    let there = match job.connect_within(name, &location, LIMIT).await {
        Ok(session) => match node::info(&*session, queue).await? {
            Some(info) if info.name == name => Some(Node { session, info }),
            _ => {
                job.terminal.say(&format!(
                    "the database of node {name} holds it no more; its provider shall forget it"
                ));
                None
            }
        },
        Err(error) => {
            job.terminal.warn(&format!(
                "{}; only its provider forgets it: its tables keep what replication did to them",
                describe(&error)
            ));
            None
        }
    };
    let above = match &there {
        Some(there) if there.info.node_type == NodeType::Root => Above::Nothing,
        Some(there) if there.info.provider.as_ref() == Some(&local.info.name) => {
            Above::Provider(Box::new(local))
        }
        Some(there) => Above::Provider(Box::new(job.provider_of(&there.info).await?)),
        None => Above::Provider(Box::new(who_serves(job, local, name).await?)),
    };
    Ok((there, above))
}

/// The node that has this one among its subscribers; where none can be found, the local one forgets at least the name.
async fn who_serves(job: &Job, local: Node, name: &str) -> Result<Node> {
    let queue = job.queue();
    let serves = async |node: &Node| -> Result<bool> {
        Ok(node::subscribers(&*node.session, queue).await?.iter().any(|subscriber| subscriber.node == name))
    };
    if serves(&local).await? {
        return Ok(local);
    }
    for member in node::locations(&*local.session, queue).await? {
        if member.node == name || member.node == local.info.name {
            continue;
        }
        let Ok(session) = job.connect_within(&member.node, &member.connect_string, LIMIT).await else {
            continue;
        };
        let Some(info) = node::info(&*session, queue).await? else { continue };
        let other = Node { session, info };
        if serves(&other).await? {
            return Ok(other);
        }
    }
    if local.is_root() { Ok(local) } else { job.root_above(&local.info).await }
}

async fn refuse_provider(there: &Node, queue: &str) -> Result<()> {
    if there.info.node_type == NodeType::Leaf {
        return Ok(());
    }
    let subscribers = node::subscribers(&*there.session, queue).await?;
    if !subscribers.is_empty() {
        let names: Vec<&str> = subscribers.iter().map(|subscriber| subscriber.node.as_str()).collect();
        bail!(
            "node {} of queue {queue} serves others; drop them first: {}",
            there.info.name,
            names.join(", ")
        );
    }
    Ok(())
}

/// Takes the node out at both ends, the provider first: a crash in between leaves a node that the same command finds
/// again. Answers whether the provider was reached, where there is one.
async fn forget(job: &Job, name: &str, above: Above, there: &mut Option<Node>) -> Result<bool> {
    let queue = job.queue();
    let mut reached = true;
    let copies = match there {
        Some(there) => copies(there, queue).await?,
        None => Vec::new(),
    };
    match above {
        Above::Nothing => {}
        Above::Unreachable => reached = false,
        Above::Provider(mut provider) => {
            let transaction = provider.session.transaction().await.map_err(pg::Error::from)?;
            unsubscribe(&transaction, queue, name, &copies)
                .await
                .with_context(|| format!("taking node {name} out at its provider {}", provider.info.name))?;
            transaction.commit().await.map_err(pg::Error::from)?;
        }
    }
    if let Some(there) = there {
        // the ticker, and whoever reads the queue, holds its tables for moments
        let work = async |transaction: &Transaction<'_>| Ok(node::drop(transaction, queue, name).await?);
        retry_on_lock::in_transaction(job, &mut there.session, &format!("queue {queue}"), work)
            .await
            .with_context(|| format!("taking node {name} out of its database"))?;
    }
    Ok(reached)
}

/// Consumers of a node besides its worker.
async fn copies(there: &Node, queue: &str) -> Result<Vec<String>> {
    let consumers = node::consumers(&*there.session, queue).await?;
    let others = consumers.into_iter().map(|state| state.consumer);
    Ok(others.filter(|consumer| Some(consumer) != there.info.worker.as_ref()).collect())
}

/// Ends the subscriptions of a node's worker and of its copies, and forgets the node.
async fn unsubscribe(provider: &Transaction<'_>, queue: &str, name: &str, copies: &[String]) -> Result<()> {
    for copy in copies {
        batch::unregister(provider, queue, copy).await?;
    }
    let subscribers = node::subscribers(provider, queue).await?;
    if let Some(subscriber) = subscribers.iter().find(|subscriber| subscriber.node == name) {
        let prefix = copy::consumer_prefix(&subscriber.worker);
        for copy in queue::consumers_of(provider, queue, &prefix).await.map_err(pg::Error::from)? {
            batch::unregister(provider, queue, &copy).await?;
        }
    }
    node::drop(provider, queue, name).await?;
    Ok(())
}
