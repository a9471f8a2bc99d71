//! Copies: of large and small tables, in chunks, interrupted, held back, in trouble.
#![cfg(test)]

mod chunked;
mod initial;
mod limits;
mod partitioned;
mod silenced;
mod small_tables;
mod throttle;
mod troubles;
mod whose_turn;
