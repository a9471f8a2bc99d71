//! Summary of a node's comparisons, for whoever shows how a migration stands.

use std::time::{Duration, SystemTime};

use crate::comparison::{Comparison, Verdict};

/// A comparison that has not come to its end and was not heard of for so long is not running.
const SILENT: Duration = Duration::from_secs(120);

/// How the last comparisons of a node's tables have ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Tables whose last comparison found every row to be the same.
    pub equal: usize,
    /// Tables of which rows differ.
    pub differ: usize,
    /// Tables of which nothing could be told.
    pub unverified: usize,
    /// Rows that differ, by the last comparisons of all tables.
    pub differing: i64,
    /// When the oldest of these comparisons came to its end.
    pub oldest: Option<SystemTime>,
    /// What is compared now.
    pub running: Option<Running>,
}

/// A comparison at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The table, as the queue names it.
    pub table: String,
    /// Rows compared.
    pub rows: i64,
    /// Rows that the source's statistics promise.
    pub expected: i64,
    /// How long it will take at the pace that it has had; `None` where that is not known yet.
    pub to_go: Option<Duration>,
}

impl Summary {
    /// Sums comparisons up. Those of tables that were never compared do not count.
    pub fn of(comparisons: &[Comparison], now: SystemTime) -> Summary {
        let mut summary = Summary::default();
        for comparison in comparisons {
            if comparison.verdict.is_none() {
                let heard = comparison.at.map_or(comparison.began, |(_, time)| time);
                let quiet = now.duration_since(heard).unwrap_or_default();
                if quiet < SILENT {
                    summary.running = Some(Running::of(comparison, now));
                }
            }
            let Some(known) = comparison.known() else { continue };
            summary.differing += known.differing;
            match known.verdict {
                Verdict::Equal => summary.equal += 1,
                Verdict::Differs => summary.differ += 1,
                Verdict::Unverified => summary.unverified += 1,
            }
            if let Some(finished) = known.finished {
                summary.oldest = Some(summary.oldest.map_or(finished, |oldest| oldest.min(finished)));
            }
        }
        summary
    }

    /// For people: `214 equal, 1 DIFFERS (3 rows)`; empty where nothing was compared.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.equal > 0 {
            words.push(format!("{} equal", self.equal));
        }
        if self.differ > 0 {
            let verb = if self.differ == 1 { "DIFFERS" } else { "DIFFER" };
            words.push(format!("{} {verb} ({} rows)", self.differ, self.differing));
        }
        if self.unverified > 0 {
            words.push(format!("{} could not be compared", self.unverified));
        }
        if let Some(running) = &self.running {
            let Running { table, rows, expected, to_go } = running;
            let to_go = to_go.map(|time| format!(", about {} s to go", time.as_secs())).unwrap_or_default();
            words.push(format!("comparing {table}: {rows} of about {expected} rows{to_go}"));
        }
        words.join(", ")
    }
}

impl Running {
    fn of(comparison: &Comparison, now: SystemTime) -> Running {
        let expected = comparison.expected.unwrap_or_default().max(comparison.rows);
        let spent = now.duration_since(comparison.began).unwrap_or_default();
        let left = (expected - comparison.rows) as f64;
        let pace = comparison.rows as f64 / spent.as_secs_f64().max(0.001);
        let to_go = (comparison.rows > 0).then(|| Duration::try_from_secs_f64(left / pace).ok()).flatten();
        Running { table: comparison.table.clone(), rows: comparison.rows, expected, to_go }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Ending;

    fn compared(table: &str, verdict: Option<Verdict>, seconds: u64, rows: i64) -> Comparison {
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Comparison {
            table: table.to_owned(),
            definition: String::new(),
            began,
            since: None,
            done_up_to: None,
            read_all: false,
            at: Some((7, began + Duration::from_secs(10))),
            rows,
            expected: Some(100),
            differing: if verdict == Some(Verdict::Differs) { 3 } else { 0 },
            finished: verdict.map(|_| began + Duration::from_secs(10)),
            verdict,
            reason: None,
            earlier: None,
        }
    }

    #[test]
    fn verdicts_are_counted_and_the_one_at_work_is_told_with_its_pace() {
        let all = [
            compared("a", Some(Verdict::Equal), 50, 100),
            compared("b", Some(Verdict::Differs), 60, 100),
            compared("c", None, 90, 40),
            // interrupted long ago
            compared("d", Some(Verdict::Unverified), 20, 0),
        ];
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(110);
        let summary = Summary::of(&all, now);
        assert_eq!((summary.equal, summary.differ, summary.unverified, summary.differing), (1, 1, 1, 3));
        assert_eq!(summary.oldest, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(30)));
        assert_eq!(
            summary.words(),
            "1 equal, 1 DIFFERS (3 rows), 1 could not be compared, comparing c: 40 of about 100 rows, about 30 s to go"
        );
        assert_eq!(Summary::of(&all[2..3], now + SILENT).running, None);
        assert_eq!(Summary::default().words(), "");
    }

    #[test]
    fn what_has_differed_differs_until_the_next_comparison_has_ended() {
        let mut again = compared("b", None, 90, 0);
        assert_eq!(again.known(), None);
        let finished = Some(SystemTime::UNIX_EPOCH);
        again.earlier = Some(Ending { verdict: Verdict::Differs, differing: 2, finished });
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(110);
        let summary = Summary::of(std::slice::from_ref(&again), now);
        assert_eq!((summary.differ, summary.differing, summary.oldest), (1, 2, finished));
        assert!(summary.running.is_some());
        // what it has found itself counts as soon as it is more
        again.differing = 3;
        assert_eq!(again.known().map(|known| (known.differing, known.finished)), Some((3, None)));
        again.earlier = Some(Ending { verdict: Verdict::Equal, differing: 0, finished });
        assert_eq!(again.known().map(|known| known.verdict), Some(Verdict::Differs));
        (again.verdict, again.differing) = (Some(Verdict::Equal), 0);
        assert_eq!(again.known().map(|known| known.verdict), Some(Verdict::Equal));
    }
}
