//! `preflight`: each check is made to fail on real servers and tells so with its remedy, and is in order again when that is mended.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod machine;
mod page;
mod refused;
mod servers;
mod structure;
