//! Worker of one node: what it carries, its connections and its state on the node.

use std::collections::BTreeSet;

use pg::{ConnectString, Session};
use pgq::node::{self, ConsumerState};
use pgq::{Bell, Purpose, Report, SessionName};
use tokio::sync::watch;

use crate::config::parse;
use crate::error::During;
use crate::slots::Slots;
use crate::{Config, Result};

/// The worker of one node.
#[derive(Debug)]
pub struct Worker {
    pub(crate) config: Config,
    pub(crate) bell: Bell,
    pub(crate) ticks: Bell,
    pub(crate) noticed: Bell,
    pub(crate) copies: watch::Sender<BTreeSet<String>>,
    pub(crate) report: Report,
    pub(crate) slots: Slots,
}

impl Worker {
    /// A worker that rings and hears `bell`, and says on `copies` which tables are to be copied now.
    pub fn new(config: Config, bell: Bell, copies: watch::Sender<BTreeSet<String>>) -> Worker {
        let slots = Slots::new(config.parallel_copies);
        Worker {
            config,
            bell,
            ticks: Bell::default(),
            noticed: Bell::default(),
            copies,
            report: Report::default(),
            slots,
        }
    }

    /// The same worker, hearing the bell of a ticker in this process.
    #[must_use]
    pub fn hearing(self, ticks: Bell) -> Worker {
        Worker { ticks, ..self }
    }

    /// Rings `noticed` where a table's definition turns out to be another one than before.
    #[must_use]
    pub fn noticing(self, noticed: Bell) -> Worker {
        Worker { noticed, ..self }
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

    /// The worker's position and flags on this node.
    pub(crate) async fn state(&self, target: &Session) -> Result<ConsumerState> {
        let (queue, consumer) = (self.config.queue_name.as_str(), self.config.consumer());
        let state = node::consumer_state(&**target, queue, consumer).await?;
        Ok(state.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?)
    }

    pub(crate) fn db(&self) -> Result<ConnectString> {
        Ok(parse(&self.config.db, "of this node (db)")?.within(self.config.limits))
    }

    pub(crate) async fn connect_provider(&self, location: &str) -> Result<Session> {
        // a batch is read in one statement, which lasts as long as its being written
        let at = self.provider(location)?.within(self.config.limits.unhurried());
        Session::connect(&at, &self.session_name(Purpose::Provider)).await.during("the provider")
    }

    /// The provider's stored connect string as it is used from here.
    pub(crate) fn provider(&self, location: &str) -> Result<ConnectString> {
        self.config.provider_at(location)
    }

    pub(crate) fn session_name(&self, purpose: Purpose<'_>) -> String {
        SessionName { job: &self.config.job_name, purpose }.to_string()
    }
}
