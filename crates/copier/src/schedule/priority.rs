//! Priority of a copy that waits for connections: what its table needs them for.

use pgq::table::MergeState;

/// The lowest one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Nothing of the table is copied yet.
    Begins,
    /// In the middle of its copy; or with nothing to do but to tidy up.
    InCopy,
    /// Waits for the worker. It is better there when the worker comes, but it has nothing to do before: nobody leaves
    /// for it.
    WannaSync,
    /// What it waits for becomes more meanwhile, and holds up the rotation of the source's queue.
    CatchingUp,
    /// The worker waits for it, and all other tables with the worker.
    DoSync,
}

impl Rank {
    /// That of a table in a state; whose copy has begun, where it is in copy.
    pub(crate) fn of(state: MergeState, begun: bool) -> Rank {
        match state {
            MergeState::InCopy if !begun => Rank::Begins,
            MergeState::InCopy | MergeState::Waiting | MergeState::Ok => Rank::InCopy,
            MergeState::WannaSync(_) => Rank::WannaSync,
            MergeState::CatchingUp => Rank::CatchingUp,
            MergeState::DoSync(_) => Rank::DoSync,
        }
    }

    /// Nothing is left but to replay what came behind the rows.
    pub(crate) fn has_its_rows(self) -> bool {
        self >= Rank::WannaSync
    }
}
