//! Copy slots of a node: how many tables may be copied at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many tables may be copied at the same time; can be set while the worker runs. Small tables, which are copied
/// together, count as one.
#[derive(Clone, Debug)]
pub struct Slots(Arc<AtomicUsize>);

impl Slots {
    /// So many.
    pub fn new(copies: usize) -> Slots {
        Slots(Arc::new(AtomicUsize::new(copies)))
    }

    /// So many from the worker's next look on. Copies that run go on.
    pub fn set(&self, copies: usize) {
        self.0.store(copies, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
