//! Verdict of a comparison, and how one has ended.

use std::time::SystemTime;

/// How a table's comparison has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every row is the same on both sides.
    Equal,
    /// Rows differ, or are missing on one side.
    Differs,
    /// It could not be told.
    Unverified,
}

impl Verdict {
    /// The column's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Equal => "equal",
            Verdict::Differs => "differs",
            Verdict::Unverified => "unverified",
        }
    }

    pub(crate) fn parse(text: &str) -> Verdict {
        match text {
            "equal" => Verdict::Equal,
            "differs" => Verdict::Differs,
            _ => Verdict::Unverified,
        }
    }
}

/// How a table's comparison has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What it has told.
    pub verdict: Verdict,
    /// Rows that differ.
    pub differing: i64,
    /// When it came to its end; `None` where it has not, and rows are known to differ.
    pub finished: Option<SystemTime>,
}
