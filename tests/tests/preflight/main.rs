//! `preflight`: each check is made to fail on real servers, names its remedy, and is in order again when that is done.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod machine;
mod of_both;
mod of_source;
mod page;
mod refused;
mod servers;
mod structure;
