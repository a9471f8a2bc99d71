//! What one node tells of a migration.

use std::time::{Duration, SystemTime};

use crate::compared::Summary;
use crate::comparison::{Comparison, Verdict};
use crate::copy::progress::{Progress, Recorded as Copy, Step};
use crate::node::NodeType;
use crate::switch::Recorded as Switch;
use crate::table::MergeState;

/// A copy that has not told of itself for so long adds nothing to the speed of all.
const SILENT: Duration = Duration::from_secs(60);

/// A node at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// Its name.
    pub node: String,
    /// What it is.
    pub kind: NodeType,
    /// The tables that are replicated on it, in the order in which they were added.
    pub tables: Vec<TableOutlook>,
    /// What it has recorded of its last switch.
    pub switch: Option<Switch>,
    /// Why its worker does not go on.
    pub error: Option<String>,
    /// Its worker is told to wait.
    pub paused: bool,
    /// Foreign keys that are to come back or to be validated.
    pub coming_fkeys: usize,
    /// Definitions that differ from the provider's so that replication stops, or will.
    pub stopping_drift: usize,
    /// How the last comparisons of its tables have ended.
    pub compared: Summary,
    /// When it was looked at, by this machine's clock.
    pub seen: SystemTime,
}

/// One table of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOutlook {
    /// As the queue names it.
    pub name: String,
    /// How far it has come.
    pub state: MergeState,
    /// It waits for the operator.
    pub parked: bool,
    /// Why it does not go on, with the remedy.
    pub trouble: Option<String>,
    /// Bytes on the provider, where it waits for its copy and they are known.
    pub size: Option<i64>,
    /// What its copy has told last.
    pub copy: Option<Copy>,
    /// Its last comparison.
    pub comparison: Option<Comparison>,
    /// Its changes that met other rows than the source had.
    pub conflicts: i64,
}

impl TableOutlook {
    /// Whether its rows are still to be copied, and nobody has to do anything for it.
    pub fn is_to_come(&self) -> bool {
        self.state != MergeState::Ok && !self.parked
    }

    /// What is known of its rows by comparing them.
    pub fn verdict(&self) -> Option<Verdict> {
        self.comparison.as_ref().and_then(Comparison::known).map(|known| known.verdict)
    }

    /// Bytes that its copy has still to read; `None` where nobody has measured.
    pub fn bytes_to_go(&self) -> Option<i64> {
        match &self.copy {
            Some(Copy { progress: Progress { step: Step::Rows, bytes, expected_bytes, .. }, .. })
                if *expected_bytes > 0 =>
            {
                Some((expected_bytes - bytes).max(0))
            }
            Some(Copy { progress, .. }) if progress.step != Step::Rows => Some(0),
            _ if self.state == MergeState::Ok => Some(0),
            _ => self.size,
        }
    }

    /// Bytes a second that its copy reads.
    pub fn rate(&self) -> f64 {
        let copy = self.copy.as_ref().filter(|copy| self.is_to_come() && copy.age < SILENT);
        copy.filter(|copy| copy.progress.step == Step::Rows)
            .map_or(0.0, |copy| copy.progress.bytes_per_second)
    }

    /// How long its copy will read at its present speed.
    pub fn to_go(&self) -> Option<Duration> {
        at_speed(self.bytes_to_go()?, self.rate())
    }
}

impl Outlook {
    /// Tables that are parked.
    pub fn parked(&self) -> usize {
        self.tables.iter().filter(|table| table.parked).count()
    }

    /// Tables that are not parked, and are not in sync yet.
    pub fn to_come(&self) -> usize {
        self.tables.iter().filter(|table| table.is_to_come()).count()
    }

    /// Bytes a second that all copies read together.
    pub fn rate(&self) -> f64 {
        self.tables.iter().map(TableOutlook::rate).sum()
    }

    /// How long all copies will read at their present speed; `None` where that cannot be told, or nothing is left.
    pub fn to_go(&self) -> Option<Duration> {
        let to_come = self.tables.iter().filter(|table| table.is_to_come());
        at_speed(to_come.map(TableOutlook::bytes_to_go).sum::<Option<i64>>()?, self.rate())
    }
}

fn at_speed(bytes: i64, rate: f64) -> Option<Duration> {
    (bytes > 0 && rate >= 1.0).then(|| Duration::try_from_secs_f64(bytes as f64 / rate).ok()).flatten()
}
