//! Cluster harness for end-to-end tests, the demo and the benchmarks.
//!
//! A [`Pair`] is two throw-away PostgreSQL servers, source and target, each with an ordinary role that owns its database. A
//! [`Setup`] is a run directory with the three ini files of the guide on top of a pair; it runs `pgqd` and `londiste` as a user
//! would. [`compare`] proves that both sides hold the same rows, [`load`] writes to the source meanwhile.
//!
//! The harness panics where something is wrong, with what was run and what it said: that is how a test fails.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod cluster;
pub mod compare;
pub mod database;
pub mod definitions;
pub mod guardian;
pub mod guide;
pub mod installation;
pub mod invocation;
pub mod load;
pub mod name_server;
pub mod pair;
pub mod process;
pub mod proxy;
pub mod setup;
pub mod template;
pub mod traps;
pub mod wait;

pub use cluster::{Cluster, Shutdown};
pub use database::Database;
pub use installation::Installation;
pub use invocation::{Invocation, Output};
pub use pair::{Pair, Side};
pub use process::Daemon;
pub use setup::Setup;
pub use traps::TRAPS;
pub use wait::{wait_for, wait_until};

use std::path::{Path, PathBuf};

/// The repository's root: where `sql/`, `londiste/` and `etc/` are.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// Path of an executable under test: in `LONDISTE_BIN_DIR`, else in the profile directory this program was built into.
#[track_caller]
pub fn executable(name: &str) -> PathBuf {
    let path = executables().join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build --workspace --bins, or set LONDISTE_BIN_DIR",
        path.display()
    );
    path
}

fn executables() -> PathBuf {
    if let Some(dir) = std::env::var_os("LONDISTE_BIN_DIR") {
        return dir.into();
    }
    let own = std::env::current_exe().expect("own path");
    let dir = own.parent().expect("own directory");
    if dir.ends_with("deps") {
        dir.parent().expect("profile directory").to_path_buf()
    } else {
        dir.to_path_buf()
    }
}
