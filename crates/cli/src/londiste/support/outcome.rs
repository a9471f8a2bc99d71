//! Outcome of a command that did not fail as a whole.

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
