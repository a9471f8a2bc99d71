//! Outcomes of a copy's steps.

use crate::Error;

/// What comes after a piece of the way.
pub(crate) enum After {
    /// The next one, by the state that the table has now.
    Further,
    /// Other connections, when it is the copy's turn again: there is nothing to do, or others come first.
    Leaves,
    /// The end: these tables are the worker's.
    HandedOver(Vec<String>),
}

/// Why a run does not go on.
#[derive(Debug)]
pub(crate) enum End {
    /// What is wrong may pass, or parks the table.
    Failed(Error),
    /// The table is not to be copied any more, or not by this attempt.
    Left,
    /// Copies that are further want the connections; it goes on behind what is there when it is its turn again.
    Leaves,
    /// What is there is of no use.
    StartOver(&'static str),
}

impl<E: std::error::Error + Into<Error>> From<E> for End {
    fn from(error: E) -> End {
        End::Failed(error.into())
    }
}

/// Names on the source lead to other relations than the copied ones.
pub(crate) const EXCHANGED: End =
    End::StartOver("another table has come under the name of the one that is copied on the source");

/// The source lacks a tick that it made after the copy had read.
pub(crate) const SET_BACK: End = End::StartOver(WAS_SET_BACK);

/// The reason then.
pub(crate) const WAS_SET_BACK: &str = "the source was set back: it lacks transactions that the copy has read \
     (a failover to a server without its last seconds, or a restore)";

/// A step of a run.
pub(crate) type Going<T> = std::result::Result<T, End>;
