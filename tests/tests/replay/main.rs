//! Replay: which row an event means, what the target refuses, and whose tables stand still.
#![cfg(test)]

mod backlog;
mod big_transaction;
mod changing_keys;
mod drift;
mod encodings;
mod execute;
mod fkey_state;
mod foreign_keys;
mod gone_partitions;
mod hostile_types;
mod keys;
mod many_tables;
mod missing_columns;
mod new_partitions;
mod odd_names;
mod parking;
mod partitions;
mod refusals;
mod replaced_before_copies;
mod replaced_tables;
mod target_side;
mod truncated_partitions;
mod unreplicated;
