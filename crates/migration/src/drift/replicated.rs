//! What a node replicates: tables, sequences, and columns that it lacks on purpose.

use std::collections::BTreeMap;

/// What a node replicates.
pub(super) struct Replicated {
    /// Names on the source and on the target.
    pub(super) tables: Vec<(String, String)>,
    pub(super) seqs: Vec<String>,
    /// Columns that the target's tables lack on purpose, by the table's name on the source.
    pub(super) skipped: BTreeMap<String, Vec<String>>,
}

impl Replicated {
    /// The table at this place lacks a column, whose name is quoted for SQL, on purpose.
    pub(super) fn is_skipped(&self, place: usize, column: &str) -> bool {
        let plain = match column.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => column.to_owned(),
        };
        let skipped = self.tables.get(place).and_then(|(table, _)| self.skipped.get(table));
        skipped.is_some_and(|columns| columns.contains(&plain))
    }
}
