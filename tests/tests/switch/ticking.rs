//! Ticks of both sides' queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tests::Pair;

/// Ticks the target's queue, as a `pgqd` there would.
pub(crate) struct Ticking {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticking {
    pub(crate) fn of(pair: &Pair) -> Ticking {
        let (database, stop) = (pair.target.app().clone(), Arc::new(AtomicBool::new(false)));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // the server may be away for a moment
                if let Ok(mut client) = database.try_connect() {
                    while !stopped.load(Ordering::Relaxed)
                        && client.simple_query("select pgq.ticker()").is_ok()
                    {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Ticking { stop, thread: Some(thread) }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}
