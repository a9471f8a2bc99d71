//! Cluster harness for end-to-end tests, the demo and the benchmarks.
//!
//! A [`Pair`] is two throw-away PostgreSQL servers, source and target, each with an ordinary role that owns its
//! database. A [`Setup`] is a run directory with the three ini files of the guide on top of a pair; it runs `pgqd` and
//! `londiste` as a user would. [`compare`] proves that both sides hold the same rows, [`load`] writes to the source
//! meanwhile.
//!
//! The harness panics where something is wrong, with what was run and what it said: that is how a test fails.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod browser;
pub mod cluster;
pub mod compare;
pub mod container;
pub mod containerfile;
pub mod database;
pub mod definitions;
pub mod guardian;
pub mod guide;
pub mod http;
pub mod image;
pub mod installation;
pub mod inventory;
pub mod invocation;
pub mod load;
pub mod name_server;
pub mod pair;
pub mod place;
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

/// Names that the one program answers to, besides its own.
const LINKS: [&str; 2] = ["pgqd", "londisted"];

/// Path of an executable under test: in `LONDISTE_BIN_DIR`, else in the profile directory this program was built into.
/// The program's other names are links to it, which are made there where they are missing.
#[track_caller]
pub fn executable(name: &str) -> PathBuf {
    let directory = executables();
    assert!(
        directory.join("londiste").exists(),
        "{}/londiste is missing: cargo build --workspace --bins, or set LONDISTE_BIN_DIR",
        directory.display()
    );
    LINKS.iter().for_each(|link| make_link(&directory, link));
    directory.join(name)
}

/// Tests run at the same time: the link is made under another name and moved into its place.
fn make_link(directory: &Path, name: &str) {
    let link = directory.join(name);
    if std::fs::read_link(&link).is_ok_and(|to| to.ends_with("londiste")) {
        return;
    }
    let made = directory.join(format!("{name}.{}.{:?}", std::process::id(), std::thread::current().id()));
    std::os::unix::fs::symlink("londiste", &made).expect("a link can be made beside the executable");
    std::fs::rename(&made, &link).expect("the link can be moved into its place");
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
