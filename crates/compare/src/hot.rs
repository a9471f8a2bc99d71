//! Rows that change in every pair: what they must be is told by the source's snapshot and the events after it.

use std::collections::HashMap;

use apply::{Change, Op, Row};

use crate::difference::{self, Kind};
use crate::lookup::Rows;
use crate::side::{Sides, texts};
use crate::subject::Subject;
use crate::touched::{self, Touched};
use crate::{Difference, Result};

/// A row's values in the order of the compared columns.
type Values = Vec<Option<String>>;

/// What became of keys.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// Places of those that could be told.
    pub(crate) places: Vec<usize>,
    /// Those of them that differ.
    pub(crate) differences: Vec<Difference>,
}

/// Tells what it can of the keys at `places`.
pub(crate) async fn resolve(
    sides: &Sides,
    subject: &Subject,
    (keys, rows): (&[Vec<String>], &Rows),
    places: &[usize],
    touched: &Touched,
) -> Result<Resolved> {
    let hot: Vec<Vec<String>> = places.iter().map(|place| keys[*place].clone()).collect();
    let base = difference::values(&sides.source, &subject.source, &hot, &subject.name).await?;
    let here = difference::values(&sides.target, &subject.target, &hot, &subject.name).await?;
    let mut expected = Vec::new();
    for (at, place) in places.iter().enumerate() {
        if let Some(row) = replayed(subject, &keys[*place], base.get(&at).cloned(), &touched.changes) {
            expected.push((at, *place, row));
        }
    }
    let hashes = hashes(sides, subject, &expected).await?;
    let mut resolved = Resolved::default();
    for (at, place, row) in expected {
        resolved.places.push(place);
        let found = rows.target.get(&place);
        let kind = match (hashes.get(&place), found) {
            (Some(there), Some(found)) if *there != found.hash => Kind::Differs,
            (Some(_), None) => Kind::MissingOnTarget,
            (None, Some(_)) => Kind::MissingOnSource,
            _ => continue,
        };
        let columns = match (row, here.get(&at)) {
            (Some(there), Some(here)) => subject
                .columns
                .iter()
                .zip(there.into_iter().zip(here))
                .filter(|(_, (there, here))| there != *here)
                .map(|(name, (there, here))| (name.clone(), there, here.clone()))
                .collect(),
            _ => Vec::new(),
        };
        resolved.differences.push(Difference { key: Subject::kept(&keys[place]), kind, columns });
    }
    Ok(resolved)
}

/// The row of a key after the changes: none where there is no row. The outer `None`: it cannot be told.
fn replayed(
    subject: &Subject,
    key: &[String],
    base: Option<Values>,
    changes: &[Change],
) -> Option<Option<Values>> {
    let mut row = base;
    let of_key = |told: &Option<Row>| {
        told.as_ref().is_some_and(|told| touched::key(subject, told).is_some_and(|told| told == key))
    };
    for change in changes {
        let (is_new, was_old) = (of_key(&change.new), of_key(&change.old));
        match (&change.op, &change.new) {
            (Op::Delete, _) if was_old => row = None,
            (Op::Put, None) if was_old => row = None,
            (Op::Insert | Op::Update | Op::Put, Some(new)) if is_new => {
                if !new.columns.pinned {
                    return None;
                }
                row = Some(overlaid(subject, row, new, &change.op)?);
            }
            // the row has another key from now on
            (Op::Update, Some(_)) if was_old => row = None,
            _ => {}
        }
    }
    Some(row)
}

/// A row with the values that an event tells. What it leaves out stays as it was; a row that comes from another key, or
/// is new, has to be told as a whole.
fn overlaid(subject: &Subject, row: Option<Values>, new: &Row, op: &Op) -> Option<Values> {
    let before = row.filter(|_| *op != Op::Insert);
    let value = |(at, name): (usize, &String)| match new.by_name(name) {
        Some(value) => Some(value.map(str::to_owned)),
        None => before.as_ref().and_then(|row| row.get(at).cloned()),
    };
    subject.columns.iter().enumerate().map(value).collect()
}

/// Hashes of rows as the source prints them, by the places of their keys.
async fn hashes(
    sides: &Sides,
    subject: &Subject,
    rows: &[(usize, usize, Option<Values>)],
) -> Result<HashMap<usize, i64>> {
    let mut hashes = HashMap::new();
    for part in rows.chunks(200) {
        let hash = |(_, place, row): &(usize, usize, Option<Values>)| {
            let values: Vec<Option<&str>> = row.as_ref()?.iter().map(Option::as_deref).collect();
            Some(format!("select {place}, {}", subject.source.hash_of(&values)))
        };
        let sql = part.iter().filter_map(hash).collect::<Vec<_>>().join(" union all ");
        if sql.is_empty() {
            continue;
        }
        for row in texts(&sides.provider, "reading changed rows", &sql).await? {
            let number =
                |at: usize| row[at].as_deref().and_then(|v| v.parse::<i64>().ok()).unwrap_or_default();
            hashes.insert(usize::try_from(number(0)).unwrap_or_default(), number(1));
        }
    }
    Ok(hashes)
}
