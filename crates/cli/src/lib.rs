//! Executables: pgqd, londiste, londisted.

pub mod londiste;
pub mod londisted;
pub mod pgqd;
mod signal;
mod terminal;
mod version;

/// The command lines of the executables, for man pages and completions.
pub fn definitions() -> [clap::Command; 3] {
    [pgqd::definition(), londiste::definition(), londisted::definition()]
}
