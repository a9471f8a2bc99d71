//! `sql/collect_fks.sql`, `drop_fks.sql`, `restore_fks.sql`, `validate_fks.sql`, run as the guide runs them.

mod partitions;
mod replication;
mod round_trip;
mod target;
mod trouble;
