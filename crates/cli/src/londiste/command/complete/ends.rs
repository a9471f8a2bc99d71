//! Ends of a replication: the side whose ini file was given, and the other one.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use pg::{ConnectString, Session};
use pgq::node::{self, NodeInfo, NodeType};
use pgq::switch::{self, Recorded};
use pgq::{install, uninstall};

use super::arguments::Arguments;
use crate::londiste::support::job::{Job, shown};
use crate::terminal::describe;

/// `application_name` of the session with the lock.
pub(super) const APPLICATION: &str = "londiste complete";

/// How long the other side is tried.
const LIMIT: Duration = Duration::from_secs(10);

/// One side.
pub(super) struct End {
    /// The job of this side: its database is the session's.
    pub(super) job: Job,
    pub(super) session: Session,
    /// The schemas are there, and of this version.
    pub(super) is_installed: bool,
    /// Its node of the queue, as long as it has one.
    pub(super) node: Option<NodeInfo>,
    /// What it has recorded of its last switch.
    pub(super) switch: Option<Recorded>,
    name: String,
    /// Names that sessions of its worker begin with.
    pub(super) jobs: Vec<String>,
}

impl End {
    async fn of(job: Job, session: Session, name: String) -> Result<End> {
        let jobs = vec![job.settings.job_name.clone(), job.settings.consumer_name.clone()];
        let (node, switch, is_installed) = (None, None, false);
        let mut end = End { job, session, is_installed, node, switch, name, jobs };
        end.look().await?;
        Ok(end)
    }

    /// Asks its database.
    async fn look(&mut self) -> Result<()> {
        let queue = self.job.queue();
        self.is_installed = match install::require(&self.session).await {
            Ok(()) => true,
            Err(pgq::Error::NotInstalled { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if self.is_installed {
            self.node = node::info(&*self.session, queue).await?;
            self.switch = switch::recorded(&*self.session, queue).await?;
        }
        if let Some(node) = &self.node {
            self.name.clone_from(&node.name);
            self.jobs.extend(node.worker.clone());
            self.jobs.sort();
            self.jobs.dedup();
        }
        Ok(())
    }

    /// The name of its node, or what it was called where there is none any more.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its database, for people.
    pub(super) fn place(&self) -> String {
        shown(&self.job.settings.db.to_string())
    }

    pub(super) fn at(&self) -> ConnectString {
        self.job.settings.db.within(self.job.settings.limits())
    }

    /// How its tables are locked: the application may live on a side that has no node any more.
    pub(super) fn node_type(&self) -> NodeType {
        self.node.as_ref().map_or(NodeType::Root, |node| node.node_type)
    }
}

/// Both sides.
pub(super) struct Ends {
    pub(super) own: End,
    /// `None` where it is left out, or nobody knows of one.
    pub(super) other: Option<End>,
}

impl Ends {
    /// Reaches both.
    ///
    /// # Errors
    /// The other one is known and does not answer, or there are more than two nodes.
    pub(super) async fn find(job: &Job, arguments: &Arguments) -> Result<Ends> {
        let mut own = job.speaking(job.terminal);
        // indexes and foreign keys take as long as their tables
        own.settings.statement_timeout = Duration::ZERO;
        let session = own.connect().await?;
        let own = End::of(own, session, "of this side".to_owned()).await?;
        let Some((name, location)) = partner(job, &own).await?.filter(|_| !arguments.only_this_side) else {
            return Ok(Ends { own, other: None });
        };
        let mut there = own.job.speaking(job.terminal);
        there.settings.db = job.reaching(&location);
        let session = match tokio::time::timeout(LIMIT, there.connect()).await {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => bail!(unreachable(job, &name, &describe(&error))),
            Err(_) => bail!(unreachable(job, &name, &format!("no answer within {} s", LIMIT.as_secs()))),
        };
        let other = End::of(there, session, name).await.context("the other side")?;
        Ok(Ends { own, other: Some(other) })
    }

    /// Asks both once more.
    pub(super) async fn look_again(&mut self, job: &Job) -> Result<()> {
        for end in self.iter_mut() {
            end.look().await.with_context(|| format!("queue {}", job.queue()))?;
        }
        Ok(())
    }

    /// The other one first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &End> {
        self.other.iter().chain(std::iter::once(&self.own))
    }

    /// The other one first.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut End> {
        self.other.iter_mut().chain(std::iter::once(&mut self.own))
    }

    pub(super) fn has_node(&self) -> bool {
        self.iter().any(|end| end.node.is_some())
    }

    /// Whether no side has a schema of ours that could go.
    pub(super) async fn is_clean(&self) -> Result<bool> {
        for end in self.iter() {
            let schemas = uninstall::schemas(&*end.session, "").await?;
            if schemas.iter().any(|schema| schema.stays.is_none()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The node that takes changes.
    pub(super) fn root(&self) -> Option<&End> {
        self.iter().find(|end| end.node.as_ref().is_some_and(|node| node.node_type == NodeType::Root))
    }
}

/// Name and location of the other node, as far as this side knows one.
async fn partner(job: &Job, own: &End) -> Result<Option<(String, ConnectString)>> {
    let Some(info) = &own.node else {
        let source = job.settings.initial_provider_location.clone();
        return Ok(source.map(|location| ("of the source".to_owned(), location)));
    };
    let members = node::locations(&*own.session, job.queue()).await?;
    let mut others: Vec<_> = members.into_iter().filter(|member| member.node != info.name).collect();
    if let (Some(name), Some(location), true) =
        (&info.provider, &info.provider_location, info.node_type != NodeType::Root)
        && !others.iter().any(|member| member.node == *name)
    {
        others.push(node::Location { node: name.clone(), connect_string: location.clone(), dead: false });
    }
    if others.len() > 1 {
        let names: Vec<&str> = others.iter().map(|member| member.node.as_str()).collect();
        bail!(
            "queue {} has more than two nodes, besides {} there are {}: take those out first that do not belong to the \
             migration (drop-node)",
            job.queue(),
            info.name,
            names.join(", ")
        );
    }
    let Some(other) = others.pop() else { return Ok(None) };
    let location = other
        .connect_string
        .parse()
        .with_context(|| format!("the connect string of node {} (see members)", other.node))?;
    Ok(Some((other.node, location)))
}

fn unreachable(job: &Job, name: &str, why: &str) -> String {
    let ini = job.ini.display();
    format!(
        "node {name} cannot be reached: {why}. Nothing has changed. Where it will not come back: londiste {ini} \
         complete --only-this-side cleans this side alone; the other one keeps its triggers, its queue and its node, \
         until complete --abandon --only-this-side is given with its own ini file"
    )
}
