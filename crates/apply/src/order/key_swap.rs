//! Rows that take each other's keys, as they can where the source checks its key at the end of a statement or
//! transaction. Written one by one they would be in each other's way.

use std::collections::{HashMap, HashSet};

use crate::order::fold::Item;
use crate::order::step::StepRow;
use crate::target::table::Plan;
use crate::{Op, Row};

/// Changes that have to be written at once.
pub(crate) struct Rotation<'a> {
    /// Number of leading changes.
    pub(crate) changes: usize,
    /// From the key that each row had to what it is now.
    pub(crate) rows: Vec<StepRow<'a>>,
}

/// Values of the key columns.
type Key<'a> = Vec<Option<&'a str>>;

struct Moving<'a> {
    row: StepRow<'a>,
    origin: Key<'a>,
    now: Option<&'a Row>,
    since: usize,
}

/// What [`find`] has seen.
pub(crate) enum Found<'a> {
    /// A rotation at the beginning.
    Rotation(Rotation<'a>),
    /// None among this many leading changes.
    Straight(usize),
    /// No telling which row is which.
    Unclear,
}

/// Looks for a rotation at the beginning of a table's changes: updates of one transaction to other keys, of which one
/// takes a key that another row gives up only later; between them may be updates that leave the key alone. A row that
/// moves on is known by its values, unless those of different rows are told `apart` by nothing.
pub(crate) fn find<'a>(plan: &Plan, key: &[usize], items: &[Item<'a>], apart: bool) -> Found<'a> {
    let Some(txid) = items.first().map(|first| first.change.txid) else { return Found::Straight(0) };
    // events of another key, or of none, mean their rows otherwise
    let by_key = |(_, mapping): (&Row, usize)| plan.mappings[mapping].key.iter().map(|(_, to)| to).eq(key);
    let of_one = |item: &&Item<'_>| {
        item.change.op == Op::Update && item.change.txid == txid && item.identity().is_some_and(by_key)
    };
    let run: Vec<&Item<'a>> = items.iter().take_while(of_one).collect();
    let last = run.iter().rposition(|item| moves(plan, key, item)).unwrap_or_default();
    let key_of = |item: &Item<'a>, new: bool| -> Key<'a> {
        key.iter().map(|to| value(plan, item, *to, new)).collect()
    };

    let mut rows: Vec<Moving<'a>> = Vec::new();
    // which rows have which key at the time, and which keys have been given up by the row that began with them
    let mut places: HashMap<Key<'a>, Vec<usize>> = HashMap::new();
    let mut left: HashSet<Key<'a>> = HashSet::new();
    let mut taken = Vec::new();
    for (at, item) in run.iter().take(last + 1).enumerate() {
        let (from, to) = (key_of(item, false), key_of(item, true));
        let here = places.entry(from.clone()).or_default();
        let known = if from != to {
            let goes_on = |row: &Moving<'_>| {
                row.now.zip(item.change.old.as_ref()).is_some_and(|(now, old)| alike(now, old))
            };
            here.iter().position(|row| !apart && goes_on(&rows[*row]))
        } else {
            match here.as_slice() {
                [] => None,
                [row] if rows[*row].origin == from || left.contains(&from) => Some(0),
                // the row that came, or the one that is still there
                _ => break,
            }
        };
        let row = match known {
            Some(place) => here.swap_remove(place),
            None => {
                rows.push(Moving { row: StepRow::of(item), origin: from.clone(), now: None, since: at });
                rows.len() - 1
            }
        };
        if from != to && rows[row].origin == from {
            left.insert(from);
        }
        let next = StepRow::of(item);
        rows[row].row = StepRow { identity: rows[row].row.identity, ..next };
        rows[row].now = item.change.new.as_ref();
        let there = places.entry(to.clone()).or_default();
        taken.push((at, to, !there.is_empty()));
        there.push(row);
    }
    let origins: HashMap<&Key<'a>, usize> = rows.iter().map(|row| (&row.origin, row.since)).collect();
    if origins.len() < rows.len() {
        return Found::Unclear;
    }
    let rotates = taken.iter().any(|(at, to, met)| *met || origins.get(to).is_some_and(|since| since > at));
    if !rotates {
        return Found::Straight(taken.len());
    }
    Found::Rotation(Rotation { changes: taken.len(), rows: rows.into_iter().map(|row| row.row).collect() })
}

/// Both tell the same of the columns that both of them tell.
fn alike(one: &Row, other: &Row) -> bool {
    let mut names = one.columns.names.iter();
    names.all(|name| other.by_name(name).is_none_or(|value| one.by_name(name) == Some(value)))
}

/// The update gives the row another key, by its text.
pub(crate) fn moves(plan: &Plan, key: &[usize], item: &Item<'_>) -> bool {
    key.iter().any(|to| value(plan, item, *to, true) != value(plan, item, *to, false))
}

/// Text of a column in the new or the old row of an update; the new one's where there is no old row.
fn value<'a>(plan: &Plan, item: &Item<'a>, to: usize, new: bool) -> Option<&'a str> {
    let (row, mapping) = if new { item.change.new.as_ref().zip(item.new)? } else { item.identity()? };
    row.values.get(plan.mappings[mapping].position(to)?)
}
