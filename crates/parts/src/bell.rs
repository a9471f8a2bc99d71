//! Wake-up hints between the parts of one process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Rung when something changed that another part may be waiting for: a table's state, a tick, a paused flag.
///
/// A ring carries nothing. Whoever is woken reads the databases, and whoever waits also looks again after its time-out,
/// so a ring that nobody hears, or that comes from another process, is a delay and never a fault.
#[derive(Clone, Debug)]
pub struct Bell {
    rings: Arc<watch::Sender<u64>>,
}

impl Default for Bell {
    fn default() -> Self {
        Bell { rings: Arc::new(watch::Sender::new(0)) }
    }
}

impl Bell {
    /// Wakes all listeners.
    pub fn ring(&self) {
        self.rings.send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    /// A listener that hears every ring from now on, also those between two waits.
    pub fn listen(&self) -> Listener {
        Listener { rings: self.rings.subscribe() }
    }
}

/// Hears a [`Bell`].
#[derive(Debug)]
pub struct Listener {
    rings: watch::Receiver<u64>,
}

impl Listener {
    /// Waits for the next ring since the last wait, at most as long as given.
    pub async fn wait(&mut self, at_most: Duration) {
        // both the time-out and the end of the last sender mean: look again
        self.rung(at_most).await;
    }

    /// The same; tells whether there was a ring.
    pub async fn rung(&mut self, at_most: Duration) -> bool {
        let rung = async {
            match self.rings.changed().await {
                Ok(()) => {}
                // nobody is left to ring
                Err(_) => std::future::pending().await,
            }
        };
        tokio::time::timeout(at_most, rung).await.is_ok()
    }

    /// Whether there was a ring since the last wait or [`hush`](Self::hush).
    pub fn has_rung(&self) -> bool {
        self.rings.has_changed().unwrap_or(false)
    }

    /// Forgets rings not waited for yet: to be called before reading the state that the next wait is about.
    pub fn hush(&mut self) {
        self.rings.mark_unchanged();
    }
}
