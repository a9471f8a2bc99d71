//! Ends of a run that are no failures.

/// Why a run ended without a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to stop.
    Stopped,
    /// Its connections have served their time, or the provider is another now.
    Reconnect,
    /// The node is of another kind now.
    Changed,
}
