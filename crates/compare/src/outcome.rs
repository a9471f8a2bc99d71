//! Outcome of a table's comparison.

use std::time::SystemTime;

use pgq::comparison::Verdict;

/// What was found out of a table.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The table, as the queue names it.
    pub table: String,
    /// The end.
    pub verdict: Verdict,
    /// Rows compared.
    pub rows: i64,
    /// Rows that differ.
    pub differing: i64,
    /// The tick of the last pair, and when it was made.
    pub at: Option<(i64, SystemTime)>,
    /// Why it could not be told, and what was left out.
    pub remarks: Vec<String>,
}
