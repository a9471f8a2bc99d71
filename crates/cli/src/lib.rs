//! The executables: pgqd, londiste, londisted.

pub mod londiste;
