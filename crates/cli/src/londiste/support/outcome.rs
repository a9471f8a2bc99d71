//! Outcome of a command that did not fail as a whole.

/// Exit code of a command line that cannot be understood.
pub(crate) const USAGE: u8 = 2;

/// Exit code of a command that could not verify something.
pub(crate) const UNVERIFIED: u8 = 3;

/// How a command ended that did not fail as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was done.
    Done,
    /// Some of it was not, and that has been said.
    Partly,
    /// Something could not be verified, and that has been said.
    Unverified,
}

impl Outcome {
    /// `Partly` when anything failed.
    pub(crate) fn of(failures: usize) -> Outcome {
        if failures == 0 { Outcome::Done } else { Outcome::Partly }
    }
}
