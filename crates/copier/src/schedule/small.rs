//! Small tables, which are copied together: so many of them as the worker lets begin in one slot, a copy takes along.

/// A table up to this size is small. With its indexes in place its rows are sooner there than the indexes could be made
/// anew.
pub const BYTES: i64 = 1 << 20;

/// Tables that are copied together at most.
pub const TOGETHER: usize = 64;
