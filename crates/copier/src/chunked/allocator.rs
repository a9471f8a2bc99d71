//! Allocator of page ranges: which are copied, taken and missing, and how large the next one is.

use std::time::Duration;

use pg::{Copied, QualifiedName, Table};
use pgq::copy::chunk::{self, Pages};
use pgq::copy::source::{self, RowRelation};
use pgq::table::TableInfo;

use crate::chunked::chunk::PageShare;
use crate::chunked::page_range;
use crate::chunked::page_range::{Pace, Range};
use crate::error::During;
use crate::rows::strategy;
use crate::schedule::connections::Sides;
use crate::{Config, Result};

/// Where several copy a table, the ranges become smaller towards its end, so that all come to it together; but not
/// smaller than this.
const SMALLEST_SHARE: i64 = 1024;

/// A relation that holds rows.
#[derive(Debug, Clone)]
pub(crate) struct Heap {
    /// Its object id on the source, as text.
    relation: String,
    name: QualifiedName,
    pages: i64,
}

/// The relations that hold a table's rows, as large as they are now.
pub(crate) async fn heaps(sides: &Sides, table: &Table) -> Result<Vec<Heap>> {
    let relations = source::row_relations(&*sides.provider, table.oid).await;
    let heap = |relation: RowRelation| Heap {
        relation: relation.oid,
        name: QualifiedName { schema: relation.schema, name: relation.name },
        pages: relation.pages.unwrap_or_default(),
    };
    Ok(relations.during("looking at the source's pages")?.into_iter().map(heap).collect())
}

/// The ranges of a table.
#[derive(Debug)]
pub(crate) struct Allocator {
    heaps: Vec<Heap>,
    /// Copied, or in somebody's hands.
    taken: Vec<(String, Range)>,
    in_hand: usize,
    pace: Pace,
    goal: Duration,
    /// About what a page brings, out-of-line values included.
    page_bytes: f64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// So many were copied at the same time.
    pub(crate) most: usize,
}

impl Allocator {
    /// Those that are there from earlier attempts, and how large the first of the others is.
    pub(crate) async fn read(
        config: &Config,
        sides: &Sides,
        info: &TableInfo,
        facts: &strategy::Facts,
    ) -> Result<Allocator> {
        let chunks = chunk::list(&*sides.target, &config.queue_name, &info.name).await;
        let chunks = chunks.during("reading the chunks")?;
        let sum = |of: fn(&Pages) -> i64| chunks.iter().map(of).sum::<i64>().unsigned_abs();
        let (rows, bytes) = (sum(|chunk| chunk.rows), sum(|chunk| chunk.bytes));
        let range = |chunk: Pages| (chunk.relation, Range { first: chunk.first, end: chunk.end });
        let page_bytes = (facts.bytes as f64 / facts.pages.max(1) as f64).max(1.0);
        let pace = match config.copy_chunk_pages {
            0 => Pace::new((strategy::ONE_CHUNK as f64 / page_bytes) as i64, Some(config.chunk_goal())),
            pages => Pace::new(pages, None),
        };
        Ok(Allocator {
            taken: chunks.into_iter().map(range).collect(),
            rows,
            bytes,
            ..Allocator::new(pace, config.chunk_goal(), page_bytes)
        })
    }

    fn new(pace: Pace, goal: Duration, page_bytes: f64) -> Allocator {
        let (heaps, taken) = (Vec::new(), Vec::new());
        Allocator { heaps, taken, in_hand: 0, pace, goal, page_bytes, rows: 0, bytes: 0, most: 0 }
    }

    /// Chunks that are there, or on their way.
    pub(crate) fn chunks(&self) -> usize {
        self.taken.len()
    }

    /// Somebody is still at work.
    pub(crate) fn are_in_hand(&self) -> bool {
        self.in_hand > 0
    }

    /// Whether one more connection would be of use.
    pub(crate) fn need_help(&self) -> bool {
        self.left() > if self.pace.is_fixed() { 0 } else { SMALLEST_SHARE }
    }

    /// How long the next one may take while copies are slowed down; `None` where it cannot be made smaller.
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.pace.gives().then_some(self.goal * 2)
    }

    /// Takes the next missing one, of heaps that are so large now; all copies together read at `rate`, where that is
    /// limited.
    pub(crate) fn take(&mut self, heaps: Vec<Heap>, rate: Option<u64>) -> Option<PageShare> {
        self.heaps = heaps;
        let size = self.size(rate);
        let next = |heap: &Heap| {
            page_range::next(&self.of(heap), heap.pages, size).map(|range| (heap.clone(), range))
        };
        let (Heap { relation, name, pages }, range) = self.heaps.iter().find_map(next)?;
        self.taken.push((relation.clone(), range));
        self.in_hand += 1;
        self.most = self.most.max(self.in_hand);
        Some(PageShare { relation, name, range, pages })
    }

    /// It is there for good.
    pub(crate) fn copied(&mut self, share: &PageShare, copied: &Copied, took: Duration) {
        self.in_hand -= 1;
        self.rows += copied.rows;
        self.bytes += copied.bytes;
        self.pace.learn(pages(share), took);
    }

    /// It is missing again. `slow`: because it took too long, when so many bytes had come.
    pub(crate) fn given_up(&mut self, share: &PageShare, slow: bool, bytes: u64, took: Duration) {
        self.in_hand -= 1;
        self.taken.retain(|(relation, range)| (relation, range) != (&share.relation, &share.range));
        if slow {
            let expected = (pages(share) as f64 * self.page_bytes).max(1.0);
            self.pace.give_up(pages(share), (bytes as f64 / expected).min(1.0), took);
        }
    }

    fn size(&self, rate: Option<u64>) -> i64 {
        let mut size = self.pace.pages();
        if self.pace.is_fixed() {
            return size;
        }
        let workers = self.in_hand as i64 + 1;
        if let Some(rate) = rate {
            let fitting = rate as f64 * self.goal.as_secs_f64() / self.page_bytes / workers as f64;
            size = size.min(fitting as i64);
        }
        if workers > 1 {
            size = size.min((self.left() / (2 * workers)).max(SMALLEST_SHARE));
        }
        size.max(1)
    }

    fn left(&self) -> i64 {
        self.heaps.iter().map(|heap| page_range::left(&self.of(heap), heap.pages)).sum()
    }

    fn of(&self, heap: &Heap) -> Vec<Range> {
        let of_heap = self.taken.iter().filter(|(relation, _)| *relation == heap.relation);
        of_heap.map(|(_, range)| *range).collect()
    }
}

fn pages(share: &PageShare) -> i64 {
    share.range.end.unwrap_or(share.pages) - share.range.first
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn heaps(pages: &[i64]) -> Vec<Heap> {
        let heap = |(at, pages): (usize, &i64)| Heap {
            relation: at.to_string(),
            name: QualifiedName { schema: "public".to_owned(), name: format!("t{at}") },
            pages: *pages,
        };
        pages.iter().enumerate().map(heap).collect()
    }

    fn allocator(pace: Pace) -> Allocator {
        Allocator::new(pace, MINUTE, 8192.0)
    }

    #[test]
    fn nobody_takes_what_somebody_has_and_what_is_given_up_comes_back() {
        let mut allocator = allocator(Pace::new(10, None));
        let all = || heaps(&[15, 5]);
        let taken: Vec<PageShare> = std::iter::from_fn(|| allocator.take(all(), None)).collect();
        let named: Vec<String> =
            taken.iter().map(|p| format!("{} {}-{:?}", p.relation, p.range.first, p.range.end)).collect();
        assert_eq!(named, ["0 0-Some(10)", "0 10-None", "1 0-None"]);
        assert_eq!((allocator.most, allocator.need_help()), (3, false));
        allocator.given_up(&taken[0], false, 0, MINUTE);
        assert!(allocator.need_help());
        let again = allocator.take(all(), None).unwrap();
        assert_eq!((again.range, again.relation), (taken[0].range, taken[0].relation.clone()));
        let copied = Copied { rows: 7, bytes: 70 };
        taken.iter().for_each(|share| allocator.copied(share, &copied, MINUTE));
        assert!(!allocator.are_in_hand() && allocator.take(all(), None).is_none());
        assert_eq!((allocator.rows, allocator.bytes, allocator.chunks()), (21, 210, 3));
    }

    #[test]
    fn several_share_what_is_left_and_come_to_the_end_together() {
        let mut allocator = allocator(Pace::new(8192, Some(MINUTE)));
        let all = || heaps(&[40_000]);
        let size = |p: PageShare| p.range.end.unwrap_or(p.pages) - p.range.first;
        let sizes: Vec<i64> = std::iter::from_fn(|| allocator.take(all(), None).map(size)).take(4).collect();
        assert_eq!(sizes[0], 8192);
        // a quarter of what is left for two, a sixth for three, an eighth for four
        assert_eq!(sizes[1], (40_000 - 8192) / 4);
        assert!(sizes[2] < sizes[1] && sizes[3] < sizes[2] && sizes[3] >= SMALLEST_SHARE, "{sizes:?}");
    }

    #[test]
    fn a_limited_rate_makes_ranges_as_large_as_it_brings_in_time() {
        let mut allocator = allocator(Pace::new(8192, Some(MINUTE)));
        let share = allocator.take(heaps(&[40_000]), Some(8192)).unwrap();
        assert_eq!(share.range.end, Some(60));
        assert_eq!(allocator.time_limit(), Some(MINUTE * 2));
        allocator.given_up(&share, true, 8192 * 30, MINUTE * 2);
        let smaller = allocator.take(heaps(&[40_000]), None).unwrap();
        assert_eq!(smaller.range.end, Some(15));
    }
}
