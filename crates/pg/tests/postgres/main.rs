//! This crate against real PostgreSQL servers, started and thrown away by each test.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod certificates;
mod connect;
mod copy;
mod pool;
mod server;
mod session;
mod structure;
mod tls;
