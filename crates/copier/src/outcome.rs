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

/// A step of a run.
pub(crate) type Going<T> = std::result::Result<T, End>;
