//! Chunks of a large table: page ranges, their workers, staged events, reconciliation.

pub(crate) mod allocator;
pub(crate) mod chunk;
pub(crate) mod omitted_values;
pub(crate) mod page_range;
pub(crate) mod reconcile;
pub(crate) mod source_files;
pub(crate) mod staging;
pub(crate) mod workers;
