//! The executables: pgqd, londiste, londisted.

pub mod londiste;
pub mod londisted;
pub mod pgqd;
