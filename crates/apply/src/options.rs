//! Options of an applier.

use std::str::FromStr;

use crate::OnConflict;

/// What becomes of a table whose events have values in columns that the target lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingColumns {
    /// It is held before a value is lost.
    #[default]
    Hold,
    /// The values are left out.
    Skip,
}

impl FromStr for MissingColumns {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<MissingColumns, &'static str> {
        match name.trim().to_lowercase().as_str() {
            "hold" => Ok(MissingColumns::Hold),
            "skip" => Ok(MissingColumns::Skip),
            _ => Err("expected hold or skip"),
        }
    }
}

/// How changes are written.
#[derive(Debug, Clone)]
pub struct Options {
    /// `session_replication_role = replica` is in force: foreign keys check nothing and their actions do not fire.
    pub bypass_triggers: bool,
    /// Changes gathered before they are folded and written; more of them where they are of hundreds of tables.
    pub chunk_changes: usize,
    /// Memory of the changes gathered before they are folded and written, in bytes; as much again is on its way. Up to
    /// four times as much where they are of hundreds of tables.
    pub chunk_bytes: usize,
    /// What is done where rows of the target are not those that the changes expect.
    pub on_conflict: OnConflict,
    /// What becomes of tables with values in columns that the target lacks.
    pub missing_columns: MissingColumns,
    /// A table that cannot be written fails alone and the others go on, so that the end of the transaction shows all
    /// that fail. If there are
    /// [`failures`](crate::Applier::failures), the transaction is to be rolled back.
    pub isolate: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            bypass_triggers: false,
            chunk_changes: 10_000,
            chunk_bytes: 6 << 20,
            on_conflict: OnConflict::Error,
            missing_columns: MissingColumns::Hold,
            isolate: false,
        }
    }
}
