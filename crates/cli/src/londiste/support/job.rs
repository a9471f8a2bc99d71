//! Job of one node: its ini file, and the ways to the databases that it knows of.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use daemon::Ini;
use daemon::ini::LondisteSettings;
use pg::{ConnectString, Session};
use pgq::node::{self, NodeInfo, NodeType};

use crate::terminal::Terminal;

/// `application_name` of commands.
const APPLICATION: &str = "londiste";

/// The ini file in force, and where the command speaks.
#[derive(Debug)]
pub(crate) struct Job {
    /// The ini file as it was named.
    pub(crate) ini: PathBuf,
    pub(crate) settings: LondisteSettings,
    overrides: Vec<(String, String)>,
    pub(crate) terminal: Terminal,
}

/// A node of the queue: a connection to its database, and what it says of itself.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) session: Session,
    pub(crate) info: NodeInfo,
}

impl Job {
    /// Reads the ini file; keys that do nothing are warned about.
    pub(crate) fn load(ini: &Path, overrides: &[(String, String)], terminal: Terminal) -> Result<Job> {
        let read = Ini::load(ini, overrides)?;
        read.warnings("londiste").iter().for_each(|line| terminal.warn(line));
        let (ini, overrides) = (ini.to_owned(), overrides.to_vec());
        Ok(Job { ini, settings: read.londiste()?, overrides, terminal })
    }

    /// The job of another node's ini file, which speaks where this one does. `--set` is for this one alone.
    pub(crate) fn beside(&self, ini: &Path) -> Result<Job> {
        Job::load(ini, &[], self.terminal)
    }

    /// The same job, speaking elsewhere.
    pub(crate) fn speaking(&self, terminal: Terminal) -> Job {
        let (ini, settings, overrides) = (self.ini.clone(), self.settings.clone(), self.overrides.clone());
        Job { ini, settings, overrides, terminal }
    }

    /// Keys that `--set` has replaced.
    pub(crate) fn overridden(&self) -> impl Iterator<Item = &str> {
        self.overrides.iter().map(|(key, _)| key.as_str())
    }

    /// What slows down whoever reads large tables of the source: the limits of copies, with another rate where one is
    /// given.
    pub(crate) fn read_limits(&self, rate: Option<&str>) -> Result<copier::Limits> {
        let mut overrides = self.overrides.clone();
        overrides.extend(rate.map(|rate| ("copy_rate_limit".to_owned(), rate.to_owned())));
        let config: copier::Config = Ini::load(&self.ini, &overrides)?.section("londiste")?;
        Ok(copier::Limits::new(&config))
    }

    /// The queue's name.
    pub(crate) fn queue(&self) -> &str {
        &self.settings.queue_name
    }

    /// A connection to this node's database, whatever is in it.
    pub(crate) async fn connect(&self) -> Result<Session> {
        Session::connect(&self.settings.db.within(self.settings.limits()), APPLICATION)
            .await
            .with_context(|| format!("this node's database (db in {})", self.ini.display()))
    }

    /// This node.
    pub(crate) async fn local(&self) -> Result<Node> {
        let session = self.connect().await?;
        self.node_at(session).await.with_context(|| format!("database {}", self.settings.db))
    }

    async fn node_at(&self, session: Session) -> Result<Node> {
        pgq::install::require(&session).await?;
        let info = node::require(&*session, self.queue()).await?;
        Ok(Node { session, info })
    }

    /// A connection to another node, by its public connect string with `remote_extra_connstr` over it.
    pub(crate) async fn connect_to(&self, name: &str, location: &str) -> Result<Session> {
        let public: ConnectString =
            location.parse().with_context(|| format!("the connect string of node {name} (see members)"))?;
        let at = self.reaching(&public);
        Session::connect(&at, APPLICATION).await.with_context(|| format!("node {name} ({at})"))
    }

    /// The same within a time limit, for commands that go on without the node.
    pub(crate) async fn connect_within(
        &self,
        name: &str,
        location: &str,
        limit: Duration,
    ) -> Result<Session> {
        match tokio::time::timeout(limit, self.connect_to(name, location)).await {
            Ok(connected) => connected,
            Err(_) => bail!("node {name}: no answer within {} s", limit.as_secs()),
        }
    }

    /// A public connect string as it is used from here.
    pub(crate) fn reaching(&self, public: &ConnectString) -> ConnectString {
        let public = public.within(self.settings.limits());
        match &self.settings.remote_extra_connstr {
            Some(extra) => public.merged(extra),
            None => public,
        }
    }

    /// The provider of a node that is not the root.
    pub(crate) async fn provider_of(&self, info: &NodeInfo) -> Result<Node> {
        let (Some(name), Some(location)) = (&info.provider, &info.provider_location) else {
            bail!(
                "node {} of queue {} knows no provider; see members and node-status",
                info.name,
                self.queue()
            );
        };
        let session = self.connect_to(name, location).await.context("the provider")?;
        let info = node::require(&*session, self.queue())
            .await
            .with_context(|| format!("the provider, node {name}"))?;
        Ok(Node { session, info })
    }

    /// The root above a node that is not the root itself.
    pub(crate) async fn root_above(&self, info: &NodeInfo) -> Result<Node> {
        let mut above = self.provider_of(info).await?;
        let mut seen = vec![info.name.clone()];
        while above.info.node_type != NodeType::Root {
            if seen.contains(&above.info.name) {
                bail!("the providers of queue {} run in a circle: {}", self.queue(), seen.join(", "));
            }
            seen.push(above.info.name.clone());
            above = self.provider_of(&above.info).await?;
        }
        Ok(above)
    }
}

impl Node {
    /// Whether changes are born here.
    pub(crate) fn is_root(&self) -> bool {
        self.info.node_type == NodeType::Root
    }
}

/// A connect string of the database for people: without its secrets.
pub(crate) fn shown(location: &str) -> String {
    location
        .parse::<ConnectString>()
        .map_or_else(|_| "(not a connect string)".to_owned(), |read| read.to_string())
}
