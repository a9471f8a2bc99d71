//! The executables: pgqd, londiste, londisted.
