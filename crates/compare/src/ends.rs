//! Ends of ranges of a key that is one whole number, told by the source's statistics: nothing is read for them. Other
//! keys' ends are told by the index.

use std::collections::VecDeque;

use pg::literal;

use crate::Result;
use crate::side::{Sides, texts};
use crate::subject::Subject;

/// A range of more than so many times the wanted rows: the statistics are not those of the table any more.
const TOO_MANY: i64 = 4;

/// Where the next ranges end.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    ahead: VecDeque<i64>,
    wanted: i64,
}

impl Ends {
    /// What the source's statistics say: bounds between which equally many rows lie, divided evenly into ranges of so
    /// many rows.
    pub(crate) async fn look(sides: &Sides, subject: &Subject, rows: i64) -> Result<Ends> {
        let Some(column) = subject.source.number_key() else { return Ok(Ends::default()) };
        let sql = format!(
            "select b from (select s.histogram_bounds::text::int8[] as bounds \
               from pg_catalog.pg_stats s join pg_catalog.pg_class c on c.relname = s.tablename \
                 join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = s.schemaname \
               where c.oid = {} and s.attname = {} and s.inherited = (c.relkind = 'p')) s, unnest(bounds) b order by b",
            subject.source.oid,
            literal(column)
        );
        let what = format!("reading the statistics of table {}", subject.name);
        let bounds = texts(&sides.provider, &what, &sql).await?;
        let bounds: Vec<i64> =
            bounds.iter().filter_map(|row| row.first()?.as_deref()?.parse().ok()).collect();
        Ok(Ends { ahead: between(&bounds, subject.expected, rows), wanted: rows })
    }

    /// Where the range behind a key ends; `None`: the index has to be asked.
    pub(crate) fn next(&mut self, after: Option<&[String]>) -> Option<Vec<String>> {
        if let Some(after) = after.and_then(|key| key.first()) {
            let after: i64 = after.parse().ok()?;
            while self.ahead.front().is_some_and(|end| *end <= after) {
                self.ahead.pop_front();
            }
        }
        self.ahead.pop_front().map(|end| vec![end.to_string()])
    }

    /// A range had so many rows: where these are far too many, nothing more is believed.
    pub(crate) fn met(&mut self, rows: i64) {
        if rows > TOO_MANY * self.wanted {
            self.ahead.clear();
        }
    }
}

/// Ends of ranges of about `rows` rows, where `expected` rows lie evenly between the bounds.
fn between(bounds: &[i64], expected: i64, rows: i64) -> VecDeque<i64> {
    let parts = i64::try_from(bounds.len()).unwrap_or_default() - 1;
    if parts < 1 || expected <= rows {
        return VecDeque::new();
    }
    // few rows: several parts make a range
    let of_part = expected / parts;
    let cuts = i128::from((of_part / rows.max(1)).max(1));
    let skip = usize::try_from((rows / of_part.max(1)).max(1)).unwrap_or(1);
    let bounds: Vec<i128> = bounds.iter().step_by(skip).map(|bound| i128::from(*bound)).collect();
    let ends = bounds.windows(2).flat_map(|pair| {
        let (from, to) = (pair[0], pair[1]);
        (1..=cuts).map(move |cut| from + (to - from) * cut / cuts)
    });
    let mut ends: VecDeque<i64> = ends.filter_map(|end| i64::try_from(end).ok()).collect();
    ends.make_contiguous().sort_unstable();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_divided_or_taken_together() {
        let bounds = [0, 100, 1100];
        assert_eq!(between(&bounds, 400, 100), [50, 100, 600, 1100]);
        assert_eq!(between(&bounds, 200, 100), [100, 1100]);
        assert_eq!(between(&[0, 10, 20, 30, 40], 400, 200), [20, 40]);
        assert!(between(&bounds, 90, 100).is_empty());
        assert!(between(&[7], 1000, 10).is_empty());
        let whole = [i64::MIN, i64::MAX];
        assert_eq!(between(&whole, 40, 20), [-1, i64::MAX]);
    }

    #[test]
    fn what_lies_behind_is_left_out_and_a_wrong_guess_ends_it() {
        let mut ends = Ends { ahead: [10, 20, 30, 40].into(), wanted: 5 };
        assert_eq!(ends.next(None), Some(vec!["10".to_owned()]));
        assert_eq!(ends.next(Some(&["30".to_owned()])), Some(vec!["40".to_owned()]));
        let mut ends = Ends { ahead: [10, 20].into(), wanted: 5 };
        ends.met(21);
        assert_eq!(ends.next(None), None);
    }
}
