//! Page ranges of a heap: which are still to be copied, and how many pages at a time.

use std::time::Duration;

/// A range of pages; without an end it goes on to the last page, wherever that is when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) first: i64,
    pub(crate) end: Option<i64>,
}

/// The next range of at most `size` pages that `done` leaves out, of a heap of `pages` pages; `None` when all is
/// covered. What reaches the last page is open at its end.
pub(crate) fn next(done: &[Range], pages: i64, size: i64) -> Option<Range> {
    let mut done = done.to_vec();
    done.sort();
    let mut first = 0;
    for range in done {
        if range.first > first {
            return Some(Range { first, end: Some(range.first.min(first.saturating_add(size.max(1)))) });
        }
        first = first.max(range.end?);
    }
    let end = first.saturating_add(size.max(1));
    Some(Range { first, end: (end < pages).then_some(end) })
}

/// How many pages of a heap of `pages` pages `done` leaves out.
pub(crate) fn left(done: &[Range], pages: i64) -> i64 {
    let covered = |range: &Range| range.end.unwrap_or(pages).min(pages) - range.first.min(pages);
    (pages - done.iter().map(covered).sum::<i64>()).max(0)
}

/// How many pages a chunk has: as many as are copied in a given time, by the speed of the last one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pages: f64,
    goal: Option<Duration>,
}

/// A chunk is at most so many times as large as the one before.
const GROWTH: f64 = 4.0;

impl Pace {
    /// Chunks of `pages` pages at first; always, where there is no time to aim at.
    pub(crate) fn new(pages: i64, goal: Option<Duration>) -> Pace {
        Pace { pages: (pages as f64).max(1.0), goal }
    }

    /// Pages of the next chunk.
    pub(crate) fn pages(&self) -> i64 {
        self.pages as i64
    }

    /// A chunk of so many pages took so long.
    pub(crate) fn learn(&mut self, pages: i64, took: Duration) {
        if let (Some(goal), true) = (self.goal, pages > 0) {
            let fitting = pages as f64 * goal.as_secs_f64() / took.as_secs_f64().max(0.001);
            self.pages = fitting.clamp(1.0, (pages as f64 * GROWTH).max(1.0));
        }
    }

    /// Always the same number of pages.
    pub(crate) fn is_fixed(&self) -> bool {
        self.goal.is_none()
    }

    /// Whether chunks are to end after some time, and can be made smaller for that.
    pub(crate) fn gives(&self) -> bool {
        self.goal.is_some() && self.pages >= 2.0
    }

    /// A chunk of so many pages was given up when only a share of them had come.
    pub(crate) fn give_up(&mut self, pages: i64, share: f64, took: Duration) {
        if self.goal.is_some() {
            self.learn((pages as f64 * share) as i64, took);
            self.pages = self.pages.min(pages as f64 / 2.0).max(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, end: Option<i64>) -> Range {
        Range { first, end }
    }

    /// All ranges in the order in which they are taken.
    fn all(mut done: Vec<Range>, pages: i64, size: i64) -> Vec<Range> {
        let mut taken = Vec::new();
        while let Some(range) = next(&done, pages, size) {
            taken.push(range);
            done.push(range);
        }
        taken
    }

    #[test]
    fn cuts_a_heap_into_ranges_and_leaves_the_last_one_open() {
        let ranges = all(vec![], 25, 10);
        assert_eq!(ranges, [range(0, Some(10)), range(10, Some(20)), range(20, None)]);
        assert_eq!(all(vec![], 20, 10), [range(0, Some(10)), range(10, None)]);
        assert_eq!(all(vec![], 0, 10), [range(0, None)]);
    }

    #[test]
    fn fills_the_gaps_between_what_is_done() {
        let done = vec![range(30, None), range(10, Some(20))];
        assert_eq!(
            all(done, 40, 7),
            [range(0, Some(7)), range(7, Some(10)), range(20, Some(27)), range(27, Some(30))]
        );
    }

    #[test]
    fn a_heap_that_has_grown_or_shrunk_is_covered_once() {
        assert_eq!(all(vec![range(0, Some(10))], 50, 100), [range(10, None)]);
        assert_eq!(all(vec![range(0, Some(10))], 3, 100), [range(10, None)]);
        assert_eq!(all(vec![range(0, None)], 50, 100), []);
    }

    #[test]
    fn tells_how_much_is_left() {
        assert_eq!(left(&[range(0, Some(10)), range(20, None)], 30), 10);
        assert_eq!(left(&[range(0, Some(10))], 4), 0);
        assert_eq!(left(&[], 30), 30);
    }

    #[test]
    fn a_chunk_that_was_given_up_comes_again_as_a_smaller_one() {
        let mut pace = Pace::new(100, Some(Duration::from_secs(10)));
        pace.give_up(100, 0.1, Duration::from_secs(20));
        assert_eq!(pace.pages(), 5);
        let mut pace = Pace::new(100, Some(Duration::from_secs(10)));
        pace.give_up(100, 0.9, Duration::from_secs(2));
        assert_eq!(pace.pages(), 50);
        pace.give_up(1, 0.0, Duration::from_secs(20));
        assert!(!pace.gives(), "no page is cut in two");
        let mut fixed = Pace::new(7, None);
        fixed.give_up(7, 0.1, Duration::from_secs(20));
        assert_eq!(fixed.pages(), 7);
    }

    #[test]
    fn chunks_take_about_the_time_aimed_at() {
        let mut pace = Pace::new(100, Some(Duration::from_secs(10)));
        pace.learn(100, Duration::from_secs(5));
        assert_eq!(pace.pages(), 200);
        pace.learn(200, Duration::from_millis(1));
        assert_eq!(pace.pages(), 800, "never more than four times as large");
        pace.learn(800, Duration::from_secs(8000));
        assert_eq!(pace.pages(), 1);
        let mut fixed = Pace::new(7, None);
        fixed.learn(7, Duration::from_secs(100));
        assert_eq!(fixed.pages(), 7);
    }
}
