//! `create-root NAME [CONNSTR]`: this database becomes the node where changes are born.

use anyhow::{Context, Result, bail};
use clap::Args;
use parts::fail_point;
use pg::Client;
use pgq::batch;
use pgq::node::{self, Location, NewNode, NodeType};
use pgq::table::Capture;

use crate::londiste::flags;
use crate::londiste::support::job::{Job, shown};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::{install, public_location};

/// How old an event of a new queue may get before there is a tick: the ticker's own pace, which is quick while events
/// come, is what counts. Queues of stock PgQ wait for 3 seconds or 500 events. So does one that is captured for stock
/// subscribers, which apply tick by tick and would fall behind; one that exists keeps its settings.
const TICKER_MAX_LAG: &str = "10 milliseconds";

/// Words of `create-root`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) node: flags::NewNode,
}

pub(crate) async fn run(job: &Job, arguments: Arguments) -> Result<Outcome> {
    let (name, location) = (arguments.node.name(job)?, arguments.node.location(job)?);
    let queue = job.queue();
    let mut local = job.connect().await?;
    install::schemas(job, &mut local).await?;
    if is_there(job, &local, NodeType::Root, &name, &location).await? {
        return Ok(Outcome::Done);
    }
    public_location::warn_without_host(job, &location);
    if !arguments.node.nocheck {
        public_location::check(job, &mut local, &location).await?;
    }
    let transaction = local.transaction().await.map_err(pg::Error::from)?;
    let known = Location { node: name.clone(), connect_string: location.to_conninfo(), dead: false };
    node::register_location(&transaction, queue, &known).await?;
    let is_new = batch::last_tick(&transaction, queue).await?.is_none();
    let root = NewNode {
        node_type: NodeType::Root,
        name: &name,
        worker: &job.settings.consumer_name,
        provider: None,
        global_watermark: None,
    };
    node::create(&transaction, queue, &root).await?;
    if is_new && job.settings.capture == Capture::Generated {
        batch::configure(&transaction, queue, "ticker_max_lag", TICKER_MAX_LAG).await?;
    }
    transaction.commit().await.map_err(pg::Error::from).context("creating the node")?;
    fail_point::reached("node-created");
    job.terminal.say(&format!("node {name} is the root of queue {queue} now"));
    job.terminal.say(&format!("start its worker next: londiste -d {} worker", job.ini.display()));
    Ok(Outcome::Done)
}

/// Whether the very node that is to be created is there already, which is said.
///
/// # Errors
/// Another node of the queue is there.
pub(crate) async fn is_there(
    job: &Job,
    local: &Client,
    node_type: NodeType,
    name: &str,
    location: &pg::ConnectString,
) -> Result<bool> {
    let queue = job.queue();
    let Some(found) = node::info(local, queue).await? else { return Ok(false) };
    if found.node_type != node_type || found.name != name {
        bail!(
            "database {} holds a node of queue {queue} already: {} ({}); one database takes part in a queue once \
             (drop-node {} takes it out)",
            job.settings.db,
            found.name,
            found.node_type.as_str(),
            found.name
        );
    }
    let known = node::locations(local, queue).await?.into_iter().find(|known| known.node == name);
    if let Some(known) = known
        && known.connect_string.parse::<pg::ConnectString>().ok().as_ref() != Some(location)
    {
        job.terminal.warn(&format!(
            "node {name} keeps its public connect string: {}; it is set when a node is created",
            shown(&known.connect_string)
        ));
    }
    if let Some(worker) = found.worker.filter(|worker| *worker != job.settings.consumer_name) {
        bail!(
            "node {name} exists, and its worker is called {worker}; set job_name (or consumer_name) to that in {}",
            job.ini.display()
        );
    }
    job.terminal.say(&format!("node {name} is in queue {queue} already, as its {}", node_type.as_str()));
    Ok(true)
}
