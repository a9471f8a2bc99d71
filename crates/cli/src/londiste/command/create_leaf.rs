//! `create-leaf NAME [CONNSTR] --provider=`: this database becomes a node that takes changes from a provider.
//!
//! The subscription at the provider is committed before the node here: a crash in between leaves a subscription that
//! waits, which the same command takes up again. Whatever the provider's tables and sequences are after that is learned
//! here, and what happens to them later comes with the events behind the subscription's tick.

use anyhow::{Context, Result, bail};
use clap::Args;
use parts::fail_point;
use pg::{Client, ConnectString, Session};
use pgq::node::{self, Location, NewNode, NodeInfo, NodeType};
use pgq::{batch, seq, table};
use tokio_postgres::Transaction;

use crate::londiste::command::create_root;
use crate::londiste::flags;
use crate::londiste::support::job::{Job, shown};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::{install, public_location};

/// Words of `create-leaf`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) node: flags::NewNode,

    /// How to reach the node to take changes from, for this command (default: initial_provider_location of INI)
    #[arg(long, value_name = "CONNSTR")]
    pub(crate) provider: Option<String>,
}

pub(crate) async fn run(job: &Job, arguments: Arguments) -> Result<Outcome> {
    let (name, location) = (arguments.node.name(job)?, arguments.node.location(job)?);
    let queue = job.queue();
    let (mut upstream, provider) = provider(job, arguments.provider.as_deref()).await?;
    let mut local = job.connect().await?;
    install::schemas(job, &mut local).await?;
    if create_root::is_there(job, &local, NodeType::Leaf, &name, &location).await? {
        still_subscribed(job, &upstream, &provider, &name).await?;
        return Ok(Outcome::Done);
    }
    refuse_used_name(&upstream, queue, &name, &location).await?;
    public_location::warn_without_host(job, &location);
    if !arguments.node.nocheck {
        public_location::check(job, &mut local, &location).await?;
    }

    // a tick of now, in a transaction of its own: the leaf reads nothing of what came before, such as the events of an
    // earlier node of this name
    batch::tick_now(&*upstream, queue).await.context("a tick of the provider's queue")?;
    let there = upstream.transaction().await.map_err(pg::Error::from)?;
    let known = Location { node: name.clone(), connect_string: location.to_conninfo(), dead: false };
    let tick = subscribe(job, &there, &known)
        .await
        .with_context(|| format!("subscribing at node {}", provider.name))?;
    let here = local.transaction().await.map_err(pg::Error::from)?;
    for member in node::locations(&there, queue).await? {
        node::register_location(&here, queue, &member).await?;
    }
    let leaf = NewNode {
        node_type: NodeType::Leaf,
        name: &name,
        worker: &job.settings.consumer_name,
        provider: Some(&provider.name),
        global_watermark: Some(tick),
    };
    node::create(&here, queue, &leaf).await?;
    let (tables, seqs) = learn(job, &there, &here).await?;
    there.commit().await.map_err(pg::Error::from).context("subscribing at the provider")?;
    fail_point::reached("leaf-subscribed");
    here.commit().await.map_err(pg::Error::from).context(
        "creating the node, after it has subscribed at the provider; the same command again finishes it, \
         and drop-node with the provider's ini file undoes it",
    )?;

    job.terminal.say(&format!(
        "node {name} is a leaf of queue {queue} now; \
         its provider is {}, of which it knows {tables} tables and {seqs} sequences",
        provider.name
    ));
    job.terminal.say(&format!("start its worker next: londiste -d {} worker", job.ini.display()));
    Ok(Outcome::Done)
}

/// Connects to the provider and makes sure that it can be one.
async fn provider(job: &Job, given: Option<&str>) -> Result<(Session, NodeInfo)> {
    let location: ConnectString = match (given, &job.settings.initial_provider_location) {
        (Some(text), _) => text.parse().context("--provider")?,
        (None, Some(read)) => read.clone(),
        (None, None) => bail!(
            "the leaf needs a provider: --provider=CONNSTR, or initial_provider_location in {}",
            job.ini.display()
        ),
    };
    let at = job.reaching(&location);
    let session = Session::connect(&at, "londiste").await.context("the provider")?;
    let installed =
        "select to_regnamespace('pgq_node') is not null and to_regnamespace('londiste') is not null";
    let installed: bool = session.query_one(installed, &[]).await.map_err(pg::Error::from)?.get(0);
    let info = if installed { node::info(&*session, job.queue()).await? } else { None };
    let Some(info) = info else {
        bail!(
            "queue {} has no node in the provider's database ({at}); did you run create-root there?",
            job.queue()
        );
    };
    if info.node_type == NodeType::Leaf {
        bail!("node {} ({at}) is a leaf and serves nobody; name the root as --provider", info.name);
    }
    Ok((session, info))
}

async fn still_subscribed(job: &Job, upstream: &Client, provider: &NodeInfo, name: &str) -> Result<()> {
    let queue = job.queue();
    if !node::subscribers(upstream, queue).await?.iter().any(|subscriber| subscriber.node == name) {
        bail!(
            "node {name} exists here, but node {} does not serve it any more; drop it (londiste {} drop-node \
             {name}) and create it again",
            provider.name,
            job.ini.display()
        );
    }
    Ok(())
}

async fn refuse_used_name(
    upstream: &Client,
    queue: &str,
    name: &str,
    location: &ConnectString,
) -> Result<()> {
    let members = node::locations(upstream, queue).await?;
    let Some(used) = members.iter().find(|member| member.node == name) else { return Ok(()) };
    let same = used.connect_string.parse().is_ok_and(|known| public_location::same_place(&known, location));
    if !same {
        bail!(
            "the name {name} is taken in queue {queue}, by the node at {}; \
             choose another name, or drop that node first",
            shown(&used.connect_string)
        );
    }
    Ok(())
}

/// Registers the leaf at its provider, or finds it registered by an earlier run; answers the tick it stands at.
async fn subscribe(job: &Job, there: &Transaction<'_>, leaf: &Location) -> Result<i64> {
    let (queue, worker) = (job.queue(), job.settings.consumer_name.as_str());
    let subscribers = node::subscribers(there, queue).await?;
    match subscribers.iter().find(|subscriber| subscriber.node == leaf.node) {
        Some(earlier) if earlier.worker != worker => bail!(
            "node {} is subscribed with the worker {}; set job_name (or consumer_name) to that in {}, \
             or drop the node first",
            leaf.node,
            earlier.worker,
            job.ini.display()
        ),
        Some(_) => {
            job.terminal.say(&format!("node {} is subscribed already: going on from there", leaf.node))
        }
        None => {
            if let Some(other) = subscribers.iter().find(|subscriber| subscriber.worker == worker) {
                bail!(
                    "the worker name {worker} is taken by node {}; set another job_name in {}",
                    other.node,
                    job.ini.display()
                );
            }
            node::register_location(there, queue, leaf).await?;
            let newest = batch::last_tick(there, queue).await?;
            node::register_subscriber(there, queue, &leaf.node, worker, newest).await?;
        }
    }
    let position = batch::subscription(there, queue, worker).await?;
    position
        .with_context(|| format!("consumer {worker} is not subscribed to queue {queue}, though its node is"))
}

/// Makes the provider's tables and sequences known here that `register_*` lets be; answers their numbers.
async fn learn(job: &Job, there: &Transaction<'_>, here: &Transaction<'_>) -> Result<(usize, usize)> {
    let (queue, settings) = (job.queue(), &job.settings);
    let mut tables = 0;
    let listed = table::list(there, queue).await?;
    for info in listed.iter().filter(|info| info.local && settings.registers_table(&info.name)) {
        table::learn(here, queue, &info.name).await?;
        tables += 1;
    }
    let mut seqs = 0;
    let listed = seq::list(there, queue).await?;
    for info in listed.iter().filter(|info| info.local && settings.registers_seq(&info.name)) {
        seq::update(here, queue, &info.name, info.last_value).await?;
        seqs += 1;
    }
    Ok((tables, seqs))
}
