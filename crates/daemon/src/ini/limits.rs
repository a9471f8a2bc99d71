//! Usual time limits of sessions, in the words of an ini file: seconds, zero for none.

use std::time::Duration;

pub(super) fn statement() -> Duration {
    pg::Limits::default().statement
}

pub(super) fn long_statement() -> Duration {
    pg::Limits::default().long_statement
}

pub(super) fn lock() -> Duration {
    pg::Limits::default().lock
}

/// The ticker's: what it cannot have now it does the next time, and nobody is to queue up behind it.
pub(super) fn lock_of_ticker() -> Duration {
    Duration::from_secs(5)
}

pub(super) fn idle_in_transaction() -> Duration {
    pg::Limits::default().idle_in_transaction
}
