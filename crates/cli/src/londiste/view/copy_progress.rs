//! How far the copies of a node are, as `tables`, `status` and `wait-sync` tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use indicatif::{BinaryBytes, HumanCount};
use pg::Client;

use crate::londiste::view::duration::short;

/// A copy that has not told of itself for longer is said to be silent.
const SILENT: Duration = Duration::from_secs(15);

/// What a copy has told of itself last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Copy {
    step: String,
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
    let ours = "select to_regclass('londiste_rs.copy_progress') is not null";
    if !session.query_one(ours, &[]).await.map_err(pg::Error::from)?.get::<_, bool>(0) {
        return Ok(BTreeMap::new());
    }
    let sql = "select table_name, step, rows, bytes, expected_bytes, bytes_per_second, done, total, \
                      extract(epoch from now() - updated)::float8, to_jsonb(p) ->> 'remark', \
                      extract(epoch from clock_timestamp() - coalesce( \
                          (select r.began from londiste_rs.copy_run r where r.queue_name = p.queue_name and r.table_name = p.table_name), p.began))::float8 \
                 from londiste_rs.copy_progress p where queue_name = $1";
    let rows = session.query(sql, &[&queue]).await.map_err(pg::Error::from)?;
    let number = |row: &tokio_postgres::Row, at: usize| row.get::<_, i64>(at).unsigned_abs();
    let copy = |row: &tokio_postgres::Row| Copy {
        step: row.get(1),
        rows: number(row, 2),
        bytes: number(row, 3),
        expected: number(row, 4),
        rate: row.get(5),
        done: number(row, 6),
        total: number(row, 7),
        age: Duration::try_from_secs_f64(row.get(8)).unwrap_or_default(),
        remark: row.get(9),
        since: Duration::try_from_secs_f64(row.get(10)).unwrap_or_default(),
    };
    Ok(rows.iter().map(|row| (row.get(0), copy(row))).collect())
}

impl Copy {
    /// How much of the rows is there; their size on the source is only about that on the way.
    pub(crate) fn percent(&self) -> u64 {
        match self.step.as_str() {
            "copy" if self.expected > 0 => (self.bytes.saturating_mul(100) / self.expected).min(99),
            "copy" => 0,
            _ => 100,
        }
    }

    /// What it does, on one line.
    pub(crate) fn line(&self) -> String {
        let told = match self.step.as_str() {
            "copy" if self.expected == 0 && self.remark.is_some() => "copy".to_owned(),
            "copy" => self.copying(),
            "reconcile" => "copy: all rows are there, changes made meanwhile are folded in".to_owned(),
            "indexes" => format!("copy: building indexes, {} of {} done", self.done, self.total),
            _ => format!("copy: catching up, at most {} events to go", HumanCount(self.done)),
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

    fn copy(step: &str) -> Copy {
        Copy {
            step: step.to_owned(),
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
        let line = copy("copy").line();
        assert_eq!(
            line,
            "copy: 1,200,000 rows, 128.00 MiB of about 640.00 MiB (20 %), 64.00 MiB/s, about 8s to go"
        );
        assert_eq!(copy("indexes").line(), "copy: building indexes, 1 of 3 done");
        let silent = Copy { age: Duration::from_secs(60), ..copy("catch up") };
        assert!(silent.line().starts_with("copy: catching up, at most 1 events to go; silent for"));
        let remark = Some("waiting for its window, which opens in 2 h 10 min".to_owned());
        let waiting = Copy { expected: 0, remark, ..copy("copy") }.line();
        assert_eq!(waiting, "copy; waiting for its window, which opens in 2 h 10 min");
        assert_eq!(Copy { bytes: 900 << 20, ..copy("copy") }.percent(), 99);
    }
}
