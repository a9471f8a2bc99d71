//! Conflicts: rows of the target that are not those that changes expect, and the policies to settle them.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// What is done with an update or delete that finds no row, and with an insert whose key is there already: exactly-once
/// replay onto a clean copy makes them impossible, so somebody else has written the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// The change cannot be written.
    #[default]
    Error,
    /// The row becomes what the source has, and that is told.
    Warn,
    /// The row becomes what the source has; it is only counted.
    Apply,
    /// An update or delete that finds no row passes, and is counted. An insert that finds its key taken cannot be
    /// written.
    Skip,
}

impl OnConflict {
    /// The target's row gives way to the source's.
    pub(crate) fn overwrites(self) -> bool {
        matches!(self, OnConflict::Warn | OnConflict::Apply)
    }
}

impl FromStr for OnConflict {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<OnConflict, &'static str> {
        match name.trim().to_lowercase().as_str() {
            "error" => Ok(OnConflict::Error),
            "warn" => Ok(OnConflict::Warn),
            "apply" => Ok(OnConflict::Apply),
            "skip" => Ok(OnConflict::Skip),
            _ => Err("expected error, warn, apply or skip"),
        }
    }
}

/// A change that met another state of its row than the source had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// insert, update, delete.
    pub op: &'static str,
    /// Key columns and their values.
    pub key: String,
    /// `ev_id`.
    pub event_id: i64,
}

/// Conflicts of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// How many.
    pub count: u64,
    /// The last one.
    pub last: Option<Conflict>,
}

/// By table, named as on the source.
pub type ConflictsByTable = BTreeMap<Arc<str>, Conflicts>;

impl Conflicts {
    pub(crate) fn add(&mut self, conflict: Conflict) {
        self.count += 1;
        self.last = Some(conflict);
    }

    /// Takes in those that came later.
    pub fn append(&mut self, other: Conflicts) {
        self.count += other.count;
        self.last = other.last.or(self.last.take());
    }
}
