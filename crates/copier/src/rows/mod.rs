//! Rows of a table: which columns, in which format, under one snapshot or with other small tables.

pub(crate) mod binary_format;
pub(crate) mod columns;
pub(crate) mod one_snapshot;
pub(crate) mod small_tables;
pub(crate) mod strategy;
