//! Order of changes: folded to the last state of each key, or as the events came.

pub(crate) mod event_order;
pub(crate) mod fold;
pub(crate) mod key_swap;
pub(crate) mod step;
