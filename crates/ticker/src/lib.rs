//! Ticks, rotates, retries and maintains the queues of a server's databases.
//!
//! The parts of a [`Ticker`] run side by side under a supervisor: [`Ticker::find`] tells which databases there are,
//! [`Ticker::tend`] looks after one of them over one connection, [`Ticker::report`] logs what was done.

mod config;
mod error;
mod find;
mod pace;
mod stats;
mod tend;

use std::collections::BTreeSet;

use pgq::Bell;
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
    stats: Stats,
    bell: Bell,
    databases: watch::Sender<BTreeSet<String>>,
}

impl Ticker {
    /// A ticker that has not looked at any database yet. It rings `bell` after each tick.
    pub fn new(config: Config, bell: Bell) -> Ticker {
        Ticker { config, stats: Stats::default(), bell, databases: watch::Sender::default() }
    }

    /// The databases to tend now.
    pub fn databases(&self) -> watch::Receiver<BTreeSet<String>> {
        self.databases.subscribe()
    }
}
