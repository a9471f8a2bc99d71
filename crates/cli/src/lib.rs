//! The executables: pgqd, londiste, londisted.

pub mod londiste;
pub mod pgqd;
