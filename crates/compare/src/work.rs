//! A table on its way through a comparison: what was found, and what is still to be kept of it.

use std::time::{Duration, Instant};

use parts::fail_point;
use pgq::comparison::{self, Comparison, Progress};

use crate::difference::{self, Difference, Differing, Kind};
use crate::error::During;
use crate::pair::Pair;
use crate::side::Sides;
use crate::subject::Subject;
use crate::{Config, Observer, Result};

/// How often what was found is kept.
const KEEP: Duration = Duration::from_secs(1);

/// Behind which key a table that is read in pieces goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Half {
    /// Rows of the source, in its order.
    Source(Option<Vec<String>>),
    /// Keys of the target, in its order.
    Target(Option<Vec<String>>),
    /// All are read.
    Done,
}

impl Half {
    /// As it is kept: a key; for the second half, a key in a list of its own.
    fn kept(&self) -> Option<String> {
        match self {
            Half::Source(key) => key.as_deref().map(Subject::kept),
            Half::Target(key) => Some(serde_json::json!({ "target": key }).to_string()),
            Half::Done => None,
        }
    }

    fn of_kept(kept: &str) -> Half {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(kept) else { return Half::Source(None) };
        match value.get("target") {
            Some(key) => Half::Target(Subject::key_of(&key.to_string())),
            None => Half::Source(Subject::key_of(kept)),
        }
    }
}

/// A table, and how far it is.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) subject: Subject,
    pub(crate) record: Comparison,
    /// Rows that were looked into so far.
    shown: i64,
    unkept: Progress,
    kept_at: Instant,
    /// The comparison was forgotten meanwhile: the table was copied again, or left replication.
    pub(crate) is_gone: bool,
}

impl Work {
    pub(crate) fn new(subject: Subject, record: Comparison) -> Work {
        let shown = record.differing;
        Work { subject, record, shown, unkept: Progress::default(), kept_at: Instant::now(), is_gone: false }
    }

    /// Nothing of it was read.
    pub(crate) fn is_untouched(&self) -> bool {
        self.half() == Half::Source(None) && self.seen() == 0
    }

    /// The source's key behind which the next range begins.
    pub(crate) fn done_up_to(&self) -> Option<Vec<String>> {
        match self.half() {
            Half::Source(key) => key,
            Half::Target(_) | Half::Done => None,
        }
    }

    /// Rows compared so far.
    pub(crate) fn seen(&self) -> i64 {
        self.record.rows + self.unkept.rows
    }

    /// Rows were compared; `later` are keys for another pair.
    pub(crate) fn compared(&mut self, rows: i64, later: impl Iterator<Item = String>) {
        self.unkept.rows += rows;
        self.unkept.keys.extend(later);
    }

    /// Where the next piece begins.
    pub(crate) fn half(&self) -> Half {
        if self.record.read_all || self.unkept.read_all {
            return Half::Done;
        }
        let kept = self.unkept.done_up_to.as_ref().or(self.record.done_up_to.as_ref());
        kept.map_or(Half::Source(None), |kept| Half::of_kept(kept))
    }

    /// All rows before are done.
    pub(crate) fn is_at(&mut self, half: Half) {
        self.unkept.done_up_to = half.kept();
    }

    /// All rows are read.
    pub(crate) fn read_all(&mut self) {
        self.unkept.read_all = true;
    }

    /// Keys that another pair had left are compared now.
    pub(crate) fn settled(&mut self, keys: impl Iterator<Item = String>) {
        self.unkept.settled.extend(keys);
    }

    /// As many rows that differ are looked into as are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.shown >= comparison::KEPT_ROWS
    }

    /// What was found and not kept is forgotten: it was found by snapshots that cannot be trusted.
    pub(crate) fn forget(&mut self) {
        self.unkept = Progress::default();
        self.shown = self.record.differing;
    }

    /// Rows differ, under the snapshots that are open.
    pub(crate) async fn differ(
        &mut self,
        sides: &Sides,
        config: &Config,
        observer: &mut dyn Observer,
        found: Differing,
    ) -> Result<()> {
        let left = usize::try_from(comparison::KEPT_ROWS - self.shown).unwrap_or_default();
        let first = &found.first[..found.first.len().min(left)];
        let differences = if config.values {
            difference::looked_into(sides, &self.subject, first).await?
        } else {
            let bare = |(key, kind): &(Vec<String>, Kind)| Difference {
                key: Subject::kept(key),
                kind: *kind,
                columns: Vec::new(),
            };
            first.iter().map(bare).collect()
        };
        self.tell(observer, found.rows, differences);
        Ok(())
    }

    /// So many rows differ, and these are the first of them.
    pub(crate) fn tell(&mut self, observer: &mut dyn Observer, rows: usize, first: Vec<Difference>) {
        let left = usize::try_from(comparison::KEPT_ROWS - self.shown).unwrap_or_default();
        for difference in first.iter().take(left) {
            observer.differs(&self.subject.name, &self.subject.shown(&difference.key), difference);
            self.unkept.rows_kept.push(difference.kept());
        }
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.shown += rows;
        self.unkept.differing += rows;
    }

    /// Keeps what was found, if it is time.
    pub(crate) async fn keep_now_and_then(
        &mut self,
        sides: &Sides,
        config: &Config,
        pair: &Pair,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        if self.kept_at.elapsed() < KEEP {
            return Ok(());
        }
        self.keep(sides, config, pair, observer).await
    }

    /// Keeps what was found.
    pub(crate) async fn keep(
        &mut self,
        sides: &Sides,
        config: &Config,
        pair: &Pair,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let progress = std::mem::take(&mut self.unkept);
        self.kept_at = Instant::now();
        let (queue, table) = (config.queue.as_str(), self.subject.name.as_str());
        fail_point::reached("compare-keep-before");
        sides.record.batch_execute("begin").await.during("keeping what was compared")?;
        let kept = comparison::keep(&*sides.record, queue, table, (pair.tick, &pair.mark), &progress).await;
        let end = if matches!(kept, Ok(true)) { "commit" } else { "rollback" };
        sides.record.batch_execute(end).await.during("keeping what was compared")?;
        fail_point::reached("compare-keep-after");
        self.is_gone = !kept?;
        let record = &mut self.record;
        record.since = record.since.take().or_else(|| Some((pair.tick, pair.mark.clone())));
        record.done_up_to = progress.done_up_to.or(record.done_up_to.take());
        record.read_all |= progress.read_all;
        record.rows += progress.rows;
        record.differing += progress.differing;
        record.at = Some((pair.tick, pair.mark.time));
        observer.is_at(table, record.rows, record.expected.unwrap_or_default().max(record.rows));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let key = || Some(vec!["a\"b".to_owned(), "1".to_owned()]);
        for half in [Half::Source(key()), Half::Target(key()), Half::Target(None)] {
            assert_eq!(half.kept().map(|kept| Half::of_kept(&kept)), Some(half));
        }
        assert_eq!(Half::of_kept("damaged"), Half::Source(None));
    }
}
