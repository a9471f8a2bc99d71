//! A table's way through a run: what is done with it by pair after pair, and how it ends.

use crate::Config;
use crate::subject::Subject;
use crate::work::Work;

/// Bytes that a slow server reads and hashes in a second, by one process.
const SCANNED: u64 = 20 << 20;

/// A table on its way.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    /// What people are told with the outcome.
    pub(crate) remarks: Vec<String>,
    /// Pairs that have told nothing of it.
    pub(crate) tries: usize,
    /// Pairs that have looked at keys that were left.
    pub(crate) settling: usize,
    /// It was read together with others, and one of them could not be read or differed.
    pub(crate) is_alone: bool,
}

impl Task {
    pub(crate) fn new(work: Work, remarks: Vec<String>) -> Task {
        Task { work, remarks, tries: 0, settling: 0, is_alone: false }
    }
}

/// How a table ends.
#[derive(Debug)]
pub(crate) enum Ended {
    /// All of it was compared.
    Done,
    /// All of it was compared, is equal, and that is kept.
    Equal,
    /// Why nothing can be said of it.
    Unverified(String),
}

/// The record of its comparison is not there any more.
pub(crate) const GONE: &str = "it was copied again, or taken out, meanwhile: compare it again";

/// The end of such a table.
pub(crate) fn gone() -> Ended {
    Ended::Unverified(GONE.to_owned())
}

/// Remarks as they are kept.
pub(crate) fn reason(remarks: &[String]) -> Option<String> {
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// How the rows of a table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Range after range of the key.
    Ranges,
    /// Piece after piece of either side, and their keys on the other.
    Crosswise,
    /// In one go.
    Buckets,
}

impl Way {
    /// A table that is not sorted alike is read in one go, which is faster, where that ends within one pair's time.
    pub(crate) fn of(config: &Config, subject: &Subject) -> Way {
        let in_one_go = config.slice.as_secs().saturating_mul(SCANNED);
        if subject.is_ordered {
            Way::Ranges
        } else if subject.is_looked_up
            && !config.count_only
            && u64::try_from(subject.bytes()).unwrap_or_default() > in_one_go
        {
            Way::Crosswise
        } else {
            Way::Buckets
        }
    }
}
