//! Failed tables of a transaction: kept until its end, so that all of them become known at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Error;

/// A table that cannot be written, and why.
#[derive(Debug)]
pub struct Failure {
    /// The table, as the source names it.
    pub table: Arc<str>,
    /// Why.
    pub error: Error,
}

/// The tables that have failed in a transaction.
#[derive(Debug, Default)]
pub(crate) struct FailedTables {
    tables: BTreeSet<Arc<str>>,
    failures: Vec<Failure>,
}

impl FailedTables {
    pub(crate) fn has(&self, table: &str) -> bool {
        !self.tables.is_empty() && self.tables.contains(table)
    }

    /// Counts a table as failed. A foreign key that fails after another table has failed may do so for want of that
    /// one's rows: the table is left out, and has to show by itself whether it fails.
    pub(crate) fn take(&mut self, table: &Arc<str>, error: Error) {
        let follows = !self.tables.is_empty() && error.code().is_some_and(|code| code.code() == "23503");
        if self.tables.insert(Arc::clone(table)) && !follows {
            self.failures.push(Failure { table: Arc::clone(table), error });
        }
    }

    pub(crate) fn failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    pub(crate) fn clear(&mut self) {
        self.tables.clear();
        self.failures.clear();
    }
}
