//! Events into changes, folded per table and key, written set-wise in the caller's transaction.
