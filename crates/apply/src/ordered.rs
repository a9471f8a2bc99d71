//! Changes in event order, for tables where folding would be wrong. Neighbours are still written together where that is the same.

use std::collections::HashSet;

use crate::fold::Item;
use crate::plan::Plan;
use crate::write::{Deed, Step, StepRow};
use crate::{Error, Op, Result};

/// Plans the steps of the tables named by `ordered`, of which each has its plan and its changes.
///
/// # Errors
/// [`Error::NoOldRow`].
pub(crate) fn steps<'a>(
    tables: &[(&Plan, &[Item<'a>])],
    ordered: &[bool],
    bypass: bool,
) -> Result<Vec<Step<'a>>> {
    let mut sequence: Vec<(usize, usize)> = Vec::new();
    for (table, (_, items)) in tables.iter().enumerate().filter(|(table, _)| ordered[*table]) {
        sequence.extend((0..items.len()).map(|at| (table, at)));
    }
    sequence.sort_unstable_by_key(|(table, at)| tables[*table].1[*at].at);
    let mut planner = Planner { steps: Vec::new(), keys: HashSet::new(), bypass };
    // where each table goes on: a rotation of keys takes several changes at once
    let mut next = vec![0; tables.len()];
    for (table, at) in sequence {
        if at >= next[table] {
            let (plan, items) = tables[table];
            next[table] = at + planner.take(table, plan, &items[at..])?;
        }
    }
    Ok(planner.steps)
}

struct Planner<'a> {
    steps: Vec<Step<'a>>,
    /// Keys that the last step updates.
    keys: HashSet<String>,
    bypass: bool,
}

impl<'a> Planner<'a> {
    /// Plans the first of a table's items, or several of them; returns how many.
    fn take(&mut self, table: usize, plan: &Plan, items: &[Item<'a>]) -> Result<usize> {
        let Some(item) = items.first() else { return Ok(0) };
        let row = StepRow::of(item);
        let Some((_, identity)) = item.identity() else { return Ok(1) };
        let key: Vec<usize> = plan.mappings[identity].key.iter().map(|(_, to)| *to).collect();
        match item.change.op {
            Op::Insert => self.join(table, Deed::Insert, key, row, true),
            Op::Delete if key.is_empty() => self.join(table, Deed::DeleteOne, key, row, false),
            Op::Delete => self.join(table, Deed::Delete, key, row, true),
            Op::Update if key.is_empty() => {
                if item.change.old.is_none() {
                    let (table, event_id) = (plan.table.clone(), item.change.event_id);
                    return Err(Error::NoOldRow { table, event_id });
                }
                self.join(table, Deed::UpdateOne, key, row, false);
            }
            Op::Update => return Ok(self.update(table, plan, key, items)),
            Op::Truncate | Op::TruncatePartition(_) => {}
        }
        Ok(1)
    }

    fn update(&mut self, table: usize, plan: &Plan, key: Vec<usize>, items: &[Item<'a>]) -> usize {
        let Some(item) = items.first() else { return 0 };
        let row = StepRow::of(item);
        if !moves(plan, &key, item) {
            let mut text = String::new();
            let known = item.identity().is_some_and(|(row, mapping)| {
                plan.mappings[mapping].key_text(&plan.columns, &key, row, &mut text)
            });
            let joins = known && !plan.can_collide(&key) && !self.keys.contains(&text);
            self.join(table, Deed::Update, key, row, joins);
            if known {
                self.keys.insert(text);
            }
            return 1;
        }
        let rotated = rotation(plan, &key, items);
        if rotated > 1 {
            self.rotate(table, plan, key, &items[..rotated]);
            return rotated;
        }
        if key.iter().any(|to| plan.columns[*to].identity_always) {
            self.join(table, Deed::Delete, key.clone(), row, false);
            self.join(table, Deed::Insert, key, row, false);
            return 1;
        }
        let follows = !self.bypass && plan.sight.parents.iter().any(|parent| parent.follows);
        self.join(table, if follows { Deed::Follow } else { Deed::Update }, key, row, false);
        1
    }

    /// Several rows of one statement have changed keys among each other, which the source could because its key is checked later.
    fn rotate(&mut self, table: usize, plan: &Plan, key: Vec<usize>, items: &[Item<'a>]) {
        let rows: Vec<StepRow<'a>> = items.iter().map(StepRow::of).collect();
        let alike = rows.iter().all(|row| row.new.map(|n| n.1) == rows[0].new.map(|n| n.1));
        self.keys.clear();
        if alike && plan.key_is_deferred(&key) && !key.iter().any(|to| plan.columns[*to].identity_always) {
            self.steps.push(Step { table, deed: Deed::Update, key, rows });
            return;
        }
        self.steps.push(Step { table, deed: Deed::Delete, key: key.clone(), rows: rows.clone() });
        for row in rows {
            self.join(table, Deed::Insert, key.clone(), row, true);
        }
    }

    /// Adds a row to the last step, or begins another.
    fn join(&mut self, table: usize, deed: Deed, key: Vec<usize>, row: StepRow<'a>, may: bool) {
        if let Some(last) = self.steps.last_mut().filter(|_| may)
            && (last.table, last.deed) == (table, deed)
            && last.key == key
            && last.rows.first().is_some_and(|first| first.new.map(|n| n.1) == row.new.map(|n| n.1))
        {
            last.rows.push(row);
            return;
        }
        self.keys.clear();
        self.steps.push(Step { table, deed, key, rows: vec![row] });
    }
}

/// The update gives the row another key, by its text.
fn moves(plan: &Plan, key: &[usize], item: &Item<'_>) -> bool {
    key.iter().any(|to| value(plan, item, *to, true) != value(plan, item, *to, false))
}

/// Text of a column in the new or the old row of an update; the new one's where there is no old row.
fn value<'a>(plan: &Plan, item: &Item<'a>, to: usize, new: bool) -> Option<&'a str> {
    let (row, mapping) = if new { item.change.new.as_ref().zip(item.new)? } else { item.identity()? };
    row.values.get(plan.mappings[mapping].position(to)?)
}

/// Number of leading items that exchange keys: updates of one transaction to other keys, of which one takes a key that another row gives
/// up only later.
fn rotation(plan: &Plan, key: &[usize], items: &[Item<'_>]) -> usize {
    let txid = items.first().map(|item| item.change.txid);
    let run = items
        .iter()
        .take_while(|item| item.change.op == Op::Update && Some(item.change.txid) == txid)
        .take_while(|item| moves(plan, key, item))
        .count();
    let texts = |new: bool| -> Vec<Vec<Option<&str>>> {
        items[..run].iter().map(|item| key.iter().map(|to| value(plan, item, *to, new)).collect()).collect()
    };
    let (old, new) = (texts(false), texts(true));
    // a row that moves on is not another row: its old values are those it has just got
    let same_row = |i: usize, j: usize| items[i].change.new.as_ref() == items[j].change.old.as_ref();
    let taken = (0..run).any(|i| {
        let given_up = (i + 1..run).find(|j| old[*j] == new[i]);
        given_up.is_some_and(|j| !same_row(i, j))
    });
    let distinct = old.iter().collect::<HashSet<_>>().len() == run;
    if taken && distinct { run } else { 1 }
}
