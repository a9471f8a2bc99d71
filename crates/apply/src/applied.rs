//! Counts of what an applier has done, by table.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::conflict::ConflictsByTable;

/// What was done to one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableCounts {
    /// Changes taken in.
    pub changes: u64,
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows deleted.
    pub deleted: u64,
    /// Rows to delete that were gone already: by a cascade, or by a conflict that is no error.
    pub missing: u64,
    /// Truncations.
    pub truncated: u64,
}

impl TableCounts {
    pub(crate) fn add(&mut self, other: &TableCounts) {
        self.changes += other.changes;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.missing += other.missing;
        self.truncated += other.truncated;
    }
}

/// What was done since the last flush, by the table's name on the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Counts of each table that had changes.
    pub tables: BTreeMap<Arc<str>, TableCounts>,
    /// Conflicts, of each table that had any.
    pub conflicts: ConflictsByTable,
}
