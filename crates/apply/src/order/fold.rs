//! Folding: the changes of one table in one chunk, reduced to what each key needs.
//!
//! A key's first change tells whether its row existed before, its last one what the row is now.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::target::table::Plan;
use crate::{Change, Columns, Op, Row, Values};

/// A change with the mappings of its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Position in the chunk.
    pub(crate) at: usize,
    pub(crate) change: &'a Change,
    /// Mapping of the new row.
    pub(crate) new: Option<usize>,
    /// Mapping of the old row.
    pub(crate) old: Option<usize>,
}

impl<'a> Item<'a> {
    /// The row that tells which row is meant, and its mapping.
    pub(crate) fn identity(&self) -> Option<(&'a Row, usize)> {
        let old = self.change.old.as_ref().zip(self.old);
        old.or_else(|| self.change.new.as_ref().zip(self.new))
    }
}

/// The last state of one key.
#[derive(Debug)]
pub(crate) struct Net<'a> {
    pub(crate) row: Cow<'a, Row>,
    pub(crate) event_id: i64,
}

/// What one table needs.
#[derive(Debug, Default)]
pub(crate) struct Folded<'a> {
    /// Target positions of the key.
    pub(crate) key: Vec<usize>,
    pub(crate) updates: Vec<Net<'a>>,
    /// Rows to update where they are, and to insert where they are not.
    pub(crate) puts: Vec<Net<'a>>,
    pub(crate) inserts: Vec<Net<'a>>,
    pub(crate) deletes: Vec<Net<'a>>,
    /// Rows to delete where they are.
    pub(crate) clears: Vec<Net<'a>>,
    /// Rows to delete that nothing but their values identify; one of several equal rows for each.
    pub(crate) equals: Vec<Net<'a>>,
    /// Some of `equals` were updated: not finding them is an error.
    pub(crate) equals_exist: bool,
}

struct State<'a> {
    /// `None`: the key's first change does not tell.
    existed: Option<bool>,
    exists: bool,
    net: Net<'a>,
}

/// Folds a table's changes. `None`: they cannot be folded and have to be written in order.
pub(crate) fn fold<'a>(plan: &Plan, items: &[Item<'a>]) -> Option<Folded<'a>> {
    if let Some(folded) = fold_rows(plan, items) {
        return Some(folded);
    }
    let key = common_key(plan, items)?;
    if items.iter().all(|item| item.change.op == Op::Insert) {
        let net = |item: &Item<'a>| {
            item.change
                .new
                .as_ref()
                .map(|row| Net { row: Cow::Borrowed(row), event_id: item.change.event_id })
        };
        return Some(Folded { key, inserts: items.iter().filter_map(net).collect(), ..Folded::default() });
    }
    if key.is_empty() || plan.may_have_several(&key) {
        return None;
    }
    if plan.numbers_rows(&key) && items.iter().any(|item| item.change.op == Op::Put) {
        return None;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut states: Vec<State<'a>> = Vec::with_capacity(items.len());
    for item in items {
        let text = key_text(plan, &key, item)?;
        let net = Net {
            row: Cow::Borrowed(item.change.new.as_ref().or(item.change.old.as_ref())?),
            event_id: item.change.event_id,
        };
        match places.entry(text) {
            Entry::Vacant(place) => {
                place.insert(states.len());
                let existed = (item.change.op != Op::Put).then_some(item.change.op != Op::Insert);
                let exists = item.change.new.is_some();
                states.push(State { existed, exists, net });
            }
            Entry::Occupied(place) => {
                let state = states.get_mut(*place.get())?;
                // an update cannot give the row that came back its number
                if item.change.op == Op::Insert && state.existed != Some(false) && plan.numbers_rows(&key) {
                    return None;
                }
                state.follow(item, net)?;
            }
        }
    }
    let mut folded = Folded { key, ..Folded::default() };
    for state in states {
        match (state.existed, state.exists) {
            (Some(true), true) => folded.updates.push(state.net),
            (Some(false), true) => folded.inserts.push(state.net),
            (None, true) => folded.puts.push(state.net),
            (Some(true), false) => folded.deletes.push(state.net),
            (None, false) => folded.clears.push(state.net),
            (Some(false), false) => {}
        }
    }
    Some(folded)
}

/// Rows without a key from which on reading the whole table once is taken for cheaper than looking for each, maybe by
/// an index. Where the
/// target has a key, it finds the rows.
const MANY: usize = 32;

/// Folds rows without a key: what matters is how many of each there are. Not where the target has columns of its own,
/// which a row that is updated has to keep.
fn fold_rows<'a>(plan: &Plan, items: &[Item<'a>]) -> Option<Folded<'a>> {
    let (_, layout) = items.first()?.identity()?;
    let mapping = &plan.mappings[layout];
    let alike = |item: &Item<'_>| {
        item.new.is_none_or(|m| m == layout)
            && item.old.is_none_or(|m| m == layout)
            && (item.change.op == Op::Insert || item.change.old.is_some())
    };
    let few = if plan.identifies_late(layout) { 1 } else { MANY };
    if !mapping.key.is_empty()
        || !mapping.whole
        || items.iter().filter(|item| item.change.op != Op::Insert).count() < few
        || !items.iter().all(alike)
    {
        return None;
    }
    let mut places: HashMap<&Values, usize> = HashMap::with_capacity(items.len());
    let mut rows: Vec<(i64, &'a Row, i64)> = Vec::with_capacity(items.len());
    for item in items {
        let gone = item.change.old.iter().map(|row| (row, -1));
        for (row, by) in gone.chain(item.change.new.iter().map(|row| (row, 1))) {
            let place = *places.entry(&row.values).or_insert_with(|| {
                rows.push((0, row, 0));
                rows.len() - 1
            });
            let state = rows.get_mut(place)?;
            (state.0, state.2) = (state.0 + by, item.change.event_id);
        }
    }
    let equals_exist = items.iter().any(|item| item.change.op == Op::Update);
    let mut folded = Folded { equals_exist, ..Folded::default() };
    for (count, row, event_id) in rows {
        let to = if count < 0 { &mut folded.equals } else { &mut folded.inserts };
        to.extend((0..count.abs()).map(|_| Net { row: Cow::Borrowed(row), event_id }));
    }
    Some(folded)
}

impl<'a> State<'a> {
    /// Takes in the key's next change. `None` when it cannot follow the state.
    fn follow(&mut self, item: &Item<'a>, net: Net<'a>) -> Option<()> {
        match (self.exists, &item.change.op) {
            (_, Op::Put) => (self.exists, self.net) = (item.change.new.is_some(), net),
            (true, Op::Update) => {
                let merged = merge(&self.net.row, &net.row);
                self.net = Net { row: merged.map_or(net.row, Cow::Owned), event_id: net.event_id };
            }
            (true, Op::Delete) => (self.exists, self.net) = (false, net),
            (false, Op::Insert) => (self.exists, self.net) = (true, net),
            _ => return None,
        }
        Some(())
    }
}

/// The key that all changes agree on; empty where there is none. `None` where they do not agree, or where a row is
/// identified as a whole.
fn common_key(plan: &Plan, items: &[Item<'_>]) -> Option<Vec<usize>> {
    let mut key: Option<&[(usize, usize)]> = None;
    let mut last = None;
    for item in items {
        let (_, mapping) = item.identity()?;
        if last == Some(mapping) {
            continue;
        }
        let of_item = plan.mappings[mapping].key.as_slice();
        match key {
            _ if of_item.is_empty() && item.change.op == Op::Insert => {}
            _ if of_item.is_empty() => return None,
            Some(key) if !key.iter().map(|(_, to)| to).eq(of_item.iter().map(|(_, to)| to)) => return None,
            _ => (key, last) = (Some(of_item), Some(mapping)),
        }
    }
    Some(match key {
        Some(key) => key.iter().map(|(_, to)| *to).collect(),
        None => plan.key.clone(),
    })
}

/// Text of the item's key; `None` where texts cannot tell keys apart, or where the change moves the row to another key.
fn key_text(plan: &Plan, key: &[usize], item: &Item<'_>) -> Option<String> {
    let text = |row: &Row, mapping: usize| {
        let mut out = String::new();
        plan.mappings[mapping].key_text(&plan.columns, key, row, &mut out).then_some(out)
    };
    let (row, mapping) = item.identity()?;
    let known = text(row, mapping)?;
    if let (Op::Update, Some(new), Some(mapping)) = (&item.change.op, &item.change.new, item.new)
        && item.change.old.is_some()
        && text(new, mapping)? != known
    {
        return None;
    }
    Some(known)
}

/// The row after an update that tells only some columns; `None` where it tells all that the row before had.
fn merge(before: &Row, update: &Row) -> Option<Row> {
    if Arc::ptr_eq(&before.columns, &update.columns) {
        return None;
    }
    let has = |name: &String| update.columns.names.contains(name);
    if before.columns.names.iter().all(has) {
        return None;
    }
    let mut names = before.columns.names.clone();
    names.extend(update.columns.names.iter().filter(|n| !before.columns.names.contains(n)).cloned());
    let value = |name: &String| update.by_name(name).or_else(|| before.by_name(name)).flatten();
    let values = names.iter().map(value).collect();
    let key_of = if update.columns.key.is_empty() { &before.columns } else { &update.columns };
    let key = key_of.key.iter().filter_map(|k| names.iter().position(|n| *n == key_of.names[*k])).collect();
    let pinned = before.columns.pinned && update.columns.pinned;
    let left_out = before.columns.left_out.iter().filter(|name| !names.contains(name)).cloned().collect();
    let columns = Columns { names, key, pinned, left_out };
    // mostly the row before told all: its columns are known by their place in memory
    let columns = if columns == *before.columns { Arc::clone(&before.columns) } else { Arc::new(columns) };
    Some(Row { columns, values })
}
