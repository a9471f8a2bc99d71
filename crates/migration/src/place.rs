//! Place of a finding: a side, or this machine.

use std::fmt;

/// Where a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The server that is left.
    Source,
    /// The server that is moved to.
    Target,
    /// Source and target, or the difference between them.
    Both,
    /// The machine that the program runs on.
    Machine,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Source => "source",
            Place::Target => "target",
            Place::Both => "both",
            Place::Machine => "machine",
        })
    }
}
