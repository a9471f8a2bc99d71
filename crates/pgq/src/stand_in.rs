//! Stand-in ticker of a root: what its worker and the part that makes the ticks tell each other.
//!
//! The worker looks over its own connection who ticks the database, so that no further one is open while a `pgqd` does.
//! It publishes the database's name while nobody does; the daemon runs the part that ticks as long as it stands there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::watch;

/// Shared by both sides. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct StandIn {
    wanted: watch::Sender<BTreeSet<String>>,
    made: Arc<AtomicU64>,
}

impl StandIn {
    /// The database that the stand-in is to tick now, if any.
    pub fn wanted(&self) -> watch::Receiver<BTreeSet<String>> {
        self.wanted.subscribe()
    }

    /// The stand-in is to tick this database, or none.
    pub fn want(&self, database: Option<&str>) {
        let wanted: BTreeSet<String> = database.into_iter().map(str::to_owned).collect();
        self.wanted.send_if_modified(|known| {
            let news = *known != wanted;
            *known = wanted;
            news
        });
    }

    /// The stand-in has made so many ticks more.
    pub fn ticked(&self, ticks: u64) {
        self.made.fetch_add(ticks, Relaxed);
    }

    /// Ticks that the stand-in has made so far.
    pub fn made(&self) -> u64 {
        self.made.load(Relaxed)
    }
}
