//! `init` and `schema`: the files of a migration, what differs between both schemas, and the source's taken over.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod apply;
mod case;
mod differences;
mod init;
mod refused;
mod support;
