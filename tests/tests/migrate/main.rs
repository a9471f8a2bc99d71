//! `migrate`: the whole way up to "ready to switch", on two servers with ordinary roles, whatever happens on the way.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod desk;
#[cfg(debug_assertions)]
mod killed;
mod troubles;
mod words;
