//! Copy slots of a node: how many tables may be copied at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which tables a copy takes along with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Small {
    /// Bytes of such a table at most.
    pub bytes: i64,
    /// Tables that are copied together at most.
    pub together: usize,
}

/// How many tables may be copied at the same time; can be set while the worker runs. Small tables, which are copied
/// together, count as one.
#[derive(Clone, Debug)]
pub struct Slots {
    copies: Arc<AtomicUsize>,
    small: Small,
}

impl Slots {
    /// So many.
    pub fn new(copies: usize, small: Small) -> Slots {
        Slots { copies: Arc::new(AtomicUsize::new(copies)), small }
    }

    /// The slots that tables of these sizes take; of some the size is not known.
    pub(crate) fn taken(&self, sizes: impl Iterator<Item = Option<i64>>) -> usize {
        let (small, large): (Vec<_>, Vec<_>) =
            sizes.partition(|size| size.is_some_and(|bytes| bytes <= self.small.bytes));
        large.len() + small.len().div_ceil(self.small.together.max(1))
    }

    /// So many from the worker's next look on. Copies that run go on.
    pub fn set(&self, copies: usize) {
        self.copies.store(copies, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> usize {
        self.copies.load(Ordering::Relaxed)
    }
}
