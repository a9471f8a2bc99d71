//! One run of a node's worker: which kind of node it is, and what that means.

use std::collections::BTreeSet;

use pg::{ConnectString, Session};
use pgq::node::{self, ConsumerState, NodeInfo, NodeType};
use pgq::{Bell, Report};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::copies::Slots;
use crate::error::During;
use crate::{Config, Error, Result, root, subscriber};

/// Why a run ended without a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to stop.
    Stopped,
    /// Its connections have served their time, or the provider is another now.
    Reconnect,
}

/// The worker of one node.
#[derive(Debug)]
pub struct Worker {
    pub(crate) config: Config,
    pub(crate) bell: Bell,
    pub(crate) ticks: Bell,
    pub(crate) copies: watch::Sender<BTreeSet<String>>,
    pub(crate) report: Report,
    pub(crate) slots: Slots,
}

impl Worker {
    /// A worker that rings and hears `bell`, and says on `copies` which tables are to be copied now.
    pub fn new(config: Config, bell: Bell, copies: watch::Sender<BTreeSet<String>>) -> Worker {
        let slots = Slots::new(config.parallel_copies);
        Worker { config, bell, ticks: Bell::default(), copies, report: Report::default(), slots }
    }

    /// The same worker, hearing the bell of a ticker in this process.
    #[must_use]
    pub fn hearing(self, ticks: Bell) -> Worker {
        Worker { ticks, ..self }
    }

    /// Lets as many tables be copied at the same time as `slots` says, in place of the configuration.
    #[must_use]
    pub fn copying(self, slots: Slots) -> Worker {
        Worker { slots, ..self }
    }

    /// Tells its work to `report`.
    #[must_use]
    pub fn reporting(self, report: Report) -> Worker {
        Worker { report, ..self }
    }

    /// Tries what can be wrong from the start: connect strings, passwords, the installation, the node.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn check(&self) -> Result<()> {
        let name = self.application("check");
        pg::refuse_transaction_pooler(&self.db()?, &name).await.during("this node (db)")?;
        let (target, node) = self.open().await?;
        if node.node_type == NodeType::Leaf {
            let state = self.state(&target).await?;
            let provider = self.provider(&state.provider_location.unwrap_or_default())?;
            pg::refuse_transaction_pooler(&provider, &name).await.during("the provider")?;
        }
        Ok(())
    }

    /// Works until `stop` is cancelled: then the batch in hand is finished, or rolled back where it is not yet being written.
    ///
    /// # Errors
    /// Any failure; the databases hold the position, so running again goes on from there.
    pub async fn run(&self, stop: CancellationToken) -> Result<()> {
        while self.once(&stop).await? == Ended::Reconnect {}
        Ok(())
    }

    /// One life of the connections.
    async fn once(&self, stop: &CancellationToken) -> Result<Ended> {
        let (mut target, node) = self.open().await?;
        self.report.node(&self.config.queue_name, &node);
        let ended = match node.node_type {
            NodeType::Root => Box::pin(root::run(self, &target, &node, stop)).await,
            NodeType::Leaf => Box::pin(subscriber::run(self, &mut target, &node, stop)).await,
            NodeType::Branch => Err(Error::Branch { node: node.name }),
        };
        if let Err(error) = &ended {
            self.record(error).await;
        }
        ended
    }

    async fn open(&self) -> Result<(Session, NodeInfo)> {
        let target =
            Session::connect(&self.db()?, &self.application("worker")).await.during("this node (db)")?;
        pgq::install::require(&target).await?;
        let node = node::require(&*target, &self.config.queue_name).await?;
        if let Some(combined) = &node.combined_queue {
            let (node, queue, combined) = (node.name, self.config.queue_name.clone(), combined.clone());
            return Err(Error::Merged { node, queue, combined });
        }
        match &node.worker {
            Some(expected) if expected != self.config.consumer() => Err(Error::WrongWorker {
                node: node.name,
                queue: self.config.queue_name.clone(),
                expected: expected.clone(),
                consumer: self.config.consumer().to_owned(),
            }),
            _ => Ok((target, node)),
        }
    }

    /// The worker's position and flags on this node.
    pub(crate) async fn state(&self, target: &Session) -> Result<ConsumerState> {
        let (queue, consumer) = (self.config.queue_name.as_str(), self.config.consumer());
        let state = node::consumer_state(&**target, queue, consumer).await?;
        Ok(state.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?)
    }

    /// A failure is shown in `status`, where the node can still be reached.
    async fn record(&self, error: &Error) {
        let Ok(db) = self.db() else { return };
        if let Ok(target) = Session::connect(&db, &self.application("error")).await {
            // the error itself is what matters; it is returned and logged by the supervisor
            let _ = node::set_error(
                &*target,
                &self.config.queue_name,
                self.config.consumer(),
                Some(&error.to_string()),
            )
            .await;
        }
    }

    pub(crate) fn db(&self) -> Result<ConnectString> {
        Ok(parse(&self.config.db, "of this node (db)")?.within(self.config.limits))
    }

    pub(crate) async fn connect_provider(&self, location: &str, part: &str) -> Result<Session> {
        // a batch is read in one statement, which lasts as long as its being written
        let at = self.provider(location)?.within(self.config.limits.unhurried());
        Session::connect(&at, &self.application(part)).await.during("the provider")
    }

    /// The provider's stored connect string as it is used from here.
    fn provider(&self, location: &str) -> Result<ConnectString> {
        let location = parse(location, "of the provider")?.within(self.config.limits);
        match &self.config.remote_extra_connstr {
            Some(extra) => Ok(location.merged(&parse(extra, "remote_extra_connstr")?)),
            None => Ok(location),
        }
    }

    pub(crate) fn application(&self, part: &str) -> String {
        format!("{} {part}", self.config.job_name)
    }
}

fn parse(text: &str, which: &str) -> Result<ConnectString> {
    text.parse().map_err(|source| Error::ConnectString { which: which.to_owned(), source })
}
