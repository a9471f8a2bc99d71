//! Ticker: ticks, rotates, retries and maintains the queues of a server's databases.
//!
//! The parts of a [`Ticker`] run side by side under a supervisor: [`Ticker::find`] tells which databases there are,
//! [`Ticker::tend`] makes the ticks of one of them, [`Ticker::maintain`] does the upkeep of one that has queues,
//! [`Ticker::report`] logs what was done. [`Ticker::stand_in`] is `tend` for a root that no `pgqd` ticks. Of several
//! tickers of a database one is at work, the others stand by.

mod config;
mod error;
mod find;
mod own;
mod pace;
mod stand_in;
mod stats;
mod tend;
mod upkeep;

use std::collections::BTreeSet;

use parts::{Bell, Report};
use pgq::StandIn;
use tokio::sync::watch;

pub use config::Config;
pub use error::Error;
use stats::Stats;

/// The name that our connections carry in `pg_stat_activity`.
const APPLICATION: &str = "pgqd";

/// The ticker of one server.
#[derive(Debug)]
pub struct Ticker {
    config: Config,
    bell: Bell,
    observing: bool,
    /// Told of the ticks that are made in place of a `pgqd`.
    stands_in: Option<StandIn>,
    stats: Stats,
    databases: watch::Sender<BTreeSet<String>>,
    with_queues: watch::Sender<BTreeSet<String>>,
}

impl Ticker {
    /// A ticker that has not looked at any database yet. It rings `bell` when it has made a tick.
    pub fn new(config: Config, bell: Bell) -> Ticker {
        let (databases, with_queues) = (watch::Sender::default(), watch::Sender::default());
        let (observing, stands_in, stats) = (false, None, Stats::default());
        Ticker { config, bell, observing, stands_in, stats, databases, with_queues }
    }

    /// Counts its ticks for the worker that calls for a stand-in.
    #[must_use]
    pub fn standing_in(self, stand_in: StandIn) -> Ticker {
        Ticker { stands_in: Some(stand_in), ..self }
    }

    /// Looks at the queues now and then, and reports what it sees.
    #[must_use]
    pub fn observing(self, observing: bool) -> Ticker {
        Ticker { observing, ..self }
    }

    /// The databases to tend now.
    pub fn databases(&self) -> watch::Receiver<BTreeSet<String>> {
        self.databases.subscribe()
    }

    /// Those of them that have queues.
    pub fn databases_with_queues(&self) -> watch::Receiver<BTreeSet<String>> {
        self.with_queues.subscribe()
    }

    /// A database was looked at.
    fn has_queues(&self, database: &str, has: bool) {
        self.with_queues.send_if_modified(|known| match has {
            true => known.insert(database.to_owned()),
            false => known.remove(database),
        });
    }

    /// A database that is tended no more loses its upkeep as well.
    fn forget_the_gone(&self) {
        let tended = self.databases.borrow().clone();
        self.with_queues.send_if_modified(|known| {
            let before = known.len();
            known.retain(|name| tended.contains(name));
            known.len() != before
        });
    }
}
