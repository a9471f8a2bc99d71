//! Progress of the copies of a node, as `tables`, `status` and `wait-sync` show it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use indicatif::{BinaryBytes, HumanCount};
use pg::Client;
use pgq::copy::progress::{self, Recorded, Step};

use crate::londiste::view::duration::short;

/// A copy that has not told of itself for longer is said to be silent.
const SILENT: Duration = Duration::from_secs(15);

/// What a copy has told of itself last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copy {
    step: Step,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) expected: u64,
    rate: f64,
    done: u64,
    total: u64,
    /// What keeps it from going as fast as it could.
    remark: Option<String>,
    age: Duration,
    /// How long ago it began.
    pub(super) since: Duration,
}

/// All copies of a queue on this node, by table.
pub(crate) async fn running(session: &Client, queue: &str) -> Result<BTreeMap<String, Copy>> {
    let recorded = progress::list(session, queue).await.map_err(pg::Error::from)?;
    let copy = |Recorded { progress, age, since, .. }: &Recorded| Copy {
        step: progress.step,
        rows: progress.rows.unsigned_abs(),
        bytes: progress.bytes.unsigned_abs(),
        expected: progress.expected_bytes.unsigned_abs(),
        rate: progress.bytes_per_second,
        done: progress.done.unsigned_abs(),
        total: progress.total.unsigned_abs(),
        remark: progress.remark.clone(),
        age: *age,
        since: *since,
    };
    Ok(recorded.iter().map(|recorded| (recorded.table.clone(), copy(recorded))).collect())
}

impl Copy {
    /// How much of the rows is there; their size on the source is only about that on the way.
    pub(crate) fn percent(&self) -> u64 {
        match self.step {
            Step::Rows if self.expected > 0 => (self.bytes.saturating_mul(100) / self.expected).min(99),
            Step::Rows => 0,
            _ => 100,
        }
    }

    /// What it does, on one line.
    pub(crate) fn line(&self) -> String {
        let told = match self.step {
            Step::Rows if self.expected == 0 && self.remark.is_some() => "copy".to_owned(),
            Step::Rows => self.copying(),
            Step::Reconcile => "copy: all rows are there, changes made meanwhile are folded in".to_owned(),
            Step::Indexes => format!("copy: building indexes, {} of {} done", self.done, self.total),
            Step::CatchUp => format!("copy: catching up, at most {} events to go", HumanCount(self.done)),
        };
        let told = match &self.remark {
            Some(remark) => format!("{told}; {remark}"),
            None => told,
        };
        if self.age > SILENT { format!("{told}; silent for {}", short(self.age)) } else { told }
    }

    fn copying(&self) -> String {
        let bytes = BinaryBytes(self.bytes);
        // rows are counted when their chunk is committed, bytes while they pass
        let rows = match self.rows {
            0 => "rows of the first chunk on their way".to_owned(),
            rows => format!("{} rows", HumanCount(rows)),
        };
        let mut told = format!("copy: {rows}, {bytes} of about {}", BinaryBytes(self.expected));
        told += &format!(" ({} %), {}/s", self.percent(), BinaryBytes(self.rate as u64));
        let left = self.expected.saturating_sub(self.bytes) as f64 / self.rate.max(1.0);
        if self.rate >= 1.0 {
            told += &format!(
                ", about {} to go",
                short(Duration::try_from_secs_f64(left.ceil()).unwrap_or_default())
            );
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(step: Step) -> Copy {
        Copy {
            step,
            rows: 1_200_000,
            bytes: 128 << 20,
            expected: 640 << 20,
            rate: f64::from(64 << 20),
            done: 1,
            total: 3,
            remark: None,
            age: Duration::ZERO,
            since: Duration::ZERO,
        }
    }

    #[test]
    fn each_step_is_told() {
        let line = copy(Step::Rows).line();
        assert_eq!(
            line,
            "copy: 1,200,000 rows, 128.00 MiB of about 640.00 MiB (20 %), 64.00 MiB/s, about 8s to go"
        );
        assert_eq!(copy(Step::Indexes).line(), "copy: building indexes, 1 of 3 done");
        let silent = Copy { age: Duration::from_secs(60), ..copy(Step::CatchUp) };
        assert!(silent.line().starts_with("copy: catching up, at most 1 events to go; silent for"));
        let remark = Some("waiting for its window, which opens in 2 h 10 min".to_owned());
        let waiting = Copy { expected: 0, remark, ..copy(Step::Rows) }.line();
        assert_eq!(waiting, "copy; waiting for its window, which opens in 2 h 10 min");
        assert_eq!(Copy { bytes: 900 << 20, ..copy(Step::Rows) }.percent(), 99);
    }
}
