//! Worker of one node: what it carries, its connections and its state on the node.

use std::collections::BTreeSet;

use parts::{Bell, Report};
use pg::{ConnectString, Session};
use pgq::node::{self, ConsumerState, NodeType};
use pgq::{Purpose, SessionName, StandIn};
use tokio::sync::{Mutex, watch};

use crate::config::parse;
use crate::error::During;
use crate::node_lock::NodeLock;
use crate::slots::Slots;
use crate::ticks::Ticks;
use crate::{Config, Result};

/// A batch's events are sorted on the provider before the first one is sent: in memory, as far as a batch of the usual
/// size goes, and not in temporary files. Where more is set already, that stays. By one process: the portions of a
/// large batch come in their order then.
const SORTING: &str = "select pg_catalog.set_config('work_mem', '64MB', false) \
    where pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) < pg_catalog.pg_size_bytes('64MB'); \
    set max_parallel_workers_per_gather = 0";

/// The worker of one node.
#[derive(Debug)]
pub struct Worker {
    pub(crate) config: Config,
    pub(crate) bell: Bell,
    pub(crate) noticed: Bell,
    pub(crate) ticked: Bell,
    pub(crate) copies: watch::Sender<BTreeSet<String>>,
    pub(crate) report: Report,
    pub(crate) slots: Slots,
    pub(crate) ticks: Ticks,
    pub(crate) held: Mutex<Held>,
}

/// What outlives a failure of the worker.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) lock: Option<NodeLock>,
    /// It was had before.
    pub(crate) ever: bool,
    /// What the node was then.
    pub(crate) kind: Option<NodeType>,
    /// Connections lost, or not to be had, since the last piece of work; and how many of those there were then.
    pub(crate) fruitless: (u32, u64),
}

impl Worker {
    /// A worker that rings and hears `bell`, and says on `copies` which tables are to be copied now: at the same time
    /// as many as `slots` says.
    pub fn new(config: Config, bell: Bell, copies: watch::Sender<BTreeSet<String>>, slots: Slots) -> Worker {
        let (ticked, noticed, report) = (Bell::default(), Bell::default(), Report::default());
        let ticks = Ticks::new(None);
        Worker { config, bell, noticed, ticked, copies, report, slots, ticks, held: Mutex::default() }
    }

    /// The same worker, hearing the bell of a ticker in this process.
    #[must_use]
    pub fn hearing(self, ticked: Bell) -> Worker {
        Worker { ticked, ..self }
    }

    /// On a root, calls for `stand_in` where nobody makes ticks.
    #[must_use]
    pub fn calling_for(self, stand_in: StandIn) -> Worker {
        Worker { ticks: Ticks::new(Some(stand_in)), ..self }
    }

    /// Rings `noticed` where a table's definition turns out to be another one than before.
    #[must_use]
    pub fn noticing(self, noticed: Bell) -> Worker {
        Worker { noticed, ..self }
    }

    /// Tells its work to `report`.
    #[must_use]
    pub fn reporting(self, report: Report) -> Worker {
        Worker { report, ..self }
    }

    /// Another process works on the node: no copy and no ticks here.
    pub(crate) async fn rest(&self, holder: &str) {
        self.copies.send_if_modified(|copies| !std::mem::take(copies).is_empty());
        self.ticks.leave().await;
        self.report.note(|facts| {
            (facts.node, facts.batch, facts.in_hand, facts.ticker) = (None, None, None, None);
            (facts.level, facts.outlook) = (None, None);
            facts.tables.clear();
        });
        self.report.standby(holder);
    }

    /// The worker's position and flags on this node.
    pub(crate) async fn state(&self, target: &Session) -> Result<ConsumerState> {
        let (queue, consumer) = (self.config.queue_name.as_str(), self.config.consumer());
        let state = node::consumer_state(target, queue, consumer).await?;
        Ok(state.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?)
    }

    pub(crate) fn db(&self) -> Result<ConnectString> {
        Ok(parse(&self.config.db, "of this node (db)")?.within(self.config.limits))
    }

    pub(crate) async fn connect_provider(&self, location: &str) -> Result<Session> {
        // a batch is read in one statement, which lasts as long as its being written
        let at = self.provider(location)?.within(self.config.limits.unhurried());
        let provider =
            Session::connect(&at, &self.session_name(Purpose::Provider)).await.during("the provider")?;
        provider.batch_execute(SORTING).await.during("setting up the connection to the provider")?;
        Ok(provider)
    }

    /// The provider's stored connect string as it is used from here.
    pub(crate) fn provider(&self, location: &str) -> Result<ConnectString> {
        self.config.provider_at(location)
    }

    pub(crate) fn session_name(&self, purpose: Purpose<'_>) -> String {
        SessionName { job: &self.config.job_name, purpose }.to_string()
    }
}
