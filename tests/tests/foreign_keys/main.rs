//! `sql/collect_fks.sql`, `drop_fks.sql`, `restore_fks.sql`, `validate_fks.sql`, run as the guide runs them.
#![allow(clippy::panic, reason = "a test fails by panicking")]

mod partitions;
mod replication;
mod round_trip;
mod target;
mod trouble;
