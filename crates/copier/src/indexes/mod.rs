//! Indexes and constraints of the target: dropped before the rows, restored after.

pub(crate) mod definition;
pub(crate) mod drop_and_restore;
pub(crate) mod partition_tree;
