//! Changes in event order, for tables where folding would be wrong. Neighbours are still written together where that is
//! the same.

use std::collections::{HashMap, HashSet};

use crate::order::fold::Item;
use crate::order::key_swap;
use crate::order::key_swap::{Found, moves};
use crate::order::step::{RowOperation, Step, StepRow};
use crate::target::table::Plan;
use crate::write::mode::Attempt;
use crate::{Error, Op, Result, Row};

/// A table that is written in event order.
pub(crate) struct Ordered<'p, 'a> {
    /// Its place in the chunk.
    pub(crate) table: usize,
    pub(crate) plan: &'p Plan,
    pub(crate) items: &'p [Item<'a>],
}

/// Plans the steps of tables that are written in event order.
///
/// # Errors
/// [`Error::NoOldRow`].
pub(crate) fn steps<'a>(tables: &[Ordered<'_, 'a>], attempt: &Attempt) -> Result<Vec<Step<'a>>> {
    let places = tables.iter().enumerate();
    let mut sequence: Vec<(usize, usize)> =
        places.flat_map(|(place, table)| (0..table.items.len()).map(move |at| (place, at))).collect();
    sequence.sort_unstable_by_key(|(place, at)| tables[*place].items[*at].at);
    let mut planner = Planner {
        steps: Vec::new(),
        open: false,
        keys: HashSet::new(),
        straight: HashMap::new(),
        late: Late::default(),
        attempt: *attempt,
    };
    // where each table goes on: a rotation of keys takes several changes at once
    let mut next = vec![0; tables.len()];
    for (place, at) in sequence {
        if at >= next[place] {
            let Ordered { table, plan, items } = &tables[place];
            next[place] = at + planner.take(*table, plan, &items[at..])?;
        }
    }
    planner.clear_all();
    Ok(planner.steps)
}

/// Rows that are gone, and go last: table and row, in their order; where each stands, by table and text of its key; and
/// the columns of each table's key.
#[derive(Default)]
struct Late<'a> {
    rows: Vec<Option<(usize, StepRow<'a>)>>,
    places: HashMap<(usize, String), usize>,
    keys: HashMap<usize, Vec<usize>>,
}

struct Planner<'a> {
    steps: Vec<Step<'a>>,
    /// The last step takes more rows of its kind.
    open: bool,
    /// Keys in the last step, where they matter.
    keys: HashSet<String>,
    /// Position in the chunk before which a table has no rotation of keys.
    straight: HashMap<usize, usize>,
    late: Late<'a>,
    attempt: Attempt,
}

impl<'a> Planner<'a> {
    /// Plans the first of a table's items, or several of them; returns how many.
    fn take(&mut self, table: usize, plan: &Plan, items: &[Item<'a>]) -> Result<usize> {
        let Some(item) = items.first() else { return Ok(0) };
        let row = StepRow::of(item);
        let Some((_, identity)) = item.identity() else { return Ok(1) };
        let key: Vec<usize> = plan.mappings[identity].key.iter().map(|(_, to)| *to).collect();
        self.clear_before(table, plan, &key, item);
        match item.change.op {
            Op::Insert => {
                let key =
                    if self.attempt.mode.is_careful() && key.is_empty() { plan.key.clone() } else { key };
                self.join_apart(table, RowOperation::Insert, plan, key, item);
            }
            Op::Put if item.change.new.is_none() => return Ok(self.clear(table, plan, key, row, items)),
            // an update cannot give the row its number
            Op::Put if plan.numbers_rows(&key) && (self.attempt.bypass || !plan.acts_on_others) => {
                self.join(table, RowOperation::Clear, key.clone(), row, false);
                self.join(table, RowOperation::Insert, key, row, false);
            }
            Op::Put => self.join(table, RowOperation::Put, key, row, false),
            Op::Delete if key.is_empty() => self.join(table, RowOperation::DeleteOne, key, row, false),
            Op::Delete => self.join_apart(table, RowOperation::Delete, plan, key, item),
            Op::Update if key.is_empty() => {
                if item.change.old.is_none() {
                    let (table, event_id) = (plan.table.clone(), item.change.event_id);
                    return Err(Error::NoOldRow { table, event_id });
                }
                self.join(table, RowOperation::UpdateOne, key, row, false);
            }
            Op::Update => return Ok(self.update(table, plan, key, items)),
            Op::Truncate | Op::TruncatePartition(_) => {}
        }
        Ok(1)
    }

    /// Rows that are gone. Those that their statement left are written before, as far as keys tell them apart: with a
    /// row that goes, a foreign key's action would take the rows that still refer to it, and what they refer to now
    /// stands in these. That they refer to it may come later still, since what a foreign key's action does on the
    /// source is captured behind the statement: so these rows go last, or when their key comes again. Where unique
    /// values are in the way of that, the next attempt writes before only those that are there, and lets the others go
    /// at once. Returns how many items that were.
    fn clear(
        &mut self,
        table: usize,
        plan: &Plan,
        key: Vec<usize>,
        row: StepRow<'a>,
        items: &[Item<'a>],
    ) -> usize {
        if self.attempt.bypass || !plan.acts_on_others {
            self.join(table, RowOperation::Clear, key, row, false);
            return 1;
        }
        let mut seen = HashSet::new();
        let (mut gone, mut left) = (Vec::new(), Vec::new());
        for item in items {
            let is_gone = item.change.new.is_none();
            let of_statement = item.change.op == Op::Put && (!is_gone || left.is_empty());
            if !of_statement || !key_text(plan, &key, item).is_some_and(|text| seen.insert(text)) {
                break;
            }
            self.clear_before(table, plan, &key, item);
            if is_gone {
                gone.push(StepRow::of(item));
            } else {
                left.push(StepRow::of(item));
            }
        }
        let count = (gone.len() + left.len()).max(1);
        if gone.is_empty() {
            gone.push(row);
        }
        if self.attempt.mode.is_apart() {
            for (operation, rows) in
                [(RowOperation::Touch, &left), (RowOperation::Clear, &gone), (RowOperation::Put, &left)]
            {
                rows.iter().for_each(|row| self.join(table, operation, key.clone(), *row, false));
            }
            return count;
        }
        left.iter().for_each(|row| self.join(table, RowOperation::Put, key.clone(), *row, false));
        let texts = items.iter().filter(|item| item.change.new.is_none());
        let mut texts = texts.map(|item| key_text(plan, &key, item));
        for row in gone {
            match texts.next().flatten() {
                Some(text) => {
                    self.late.places.insert((table, text), self.late.rows.len());
                    self.late.rows.push(Some((table, row)));
                    self.late.keys.insert(table, key.clone());
                }
                None => self.join(table, RowOperation::Clear, key.clone(), row, false),
            }
        }
        count
    }

    /// Lets the rows go at once that have a key which an item is about; all, where that cannot be told.
    fn clear_before(&mut self, table: usize, plan: &Plan, key: &[usize], item: &Item<'a>) {
        let Some(of_table) = self.late.keys.get(&table) else { return };
        let Some(texts) = key_texts(plan, key, item).filter(|_| of_table == key) else {
            self.clear_all();
            return;
        };
        for text in texts {
            let place = self.late.places.remove(&(table, text));
            let row = place.and_then(|place| self.late.rows.get_mut(place)?.take());
            if let Some((table, row)) = row {
                self.join(table, RowOperation::Clear, key.to_vec(), row, false);
            }
        }
    }

    /// Lets all rows go that were to go last.
    fn clear_all(&mut self) {
        let Late { rows, keys, .. } = std::mem::take(&mut self.late);
        for (table, row) in rows.into_iter().flatten() {
            let key = keys.get(&table).cloned().unwrap_or_default();
            self.join(table, RowOperation::Clear, key, row, false);
        }
    }

    fn update(&mut self, table: usize, plan: &Plan, key: Vec<usize>, items: &[Item<'a>]) -> usize {
        let Some(item) = items.first() else { return 0 };
        let row = StepRow::of(item);
        if !moves(plan, &key, item) {
            let text = key_text(plan, &key, item);
            let several = text.is_some() && !plan.can_collide(&key);
            self.join_text(table, RowOperation::Update, key, row, several, text);
            return 1;
        }
        if self.straight.get(&table).is_none_or(|until| item.at >= *until) {
            match key_swap::find(plan, &key, items, self.attempt.mode.is_apart()) {
                Found::Rotation(rotation) => {
                    let taken = items.iter().take(rotation.changes);
                    taken.for_each(|item| self.clear_before(table, plan, &key, item));
                    self.rotate(table, plan, key, rotation.rows);
                    return rotation.changes;
                }
                Found::Straight(changes) => {
                    let until = items.get(changes).map_or(usize::MAX, |next| next.at);
                    self.straight.insert(table, until);
                }
                Found::Unclear => {}
            }
        }
        if key.iter().any(|to| plan.columns[*to].identity_always) {
            self.join(table, RowOperation::Delete, key.clone(), row, false);
            self.join(table, RowOperation::Insert, key, row, false);
            return 1;
        }
        let follows = !self.attempt.bypass && plan.catalog_entry.parents.iter().any(|parent| parent.follows);
        self.join(table, if follows { RowOperation::Follow } else { RowOperation::Update }, key, row, false);
        1
    }

    /// Several rows of one statement have changed keys among each other, which the source could because its key is
    /// checked later.
    fn rotate(&mut self, table: usize, plan: &Plan, key: Vec<usize>, rows: Vec<StepRow<'a>>) {
        let alike = rows.iter().all(|row| row.new.map(|n| n.1) == rows[0].new.map(|n| n.1));
        self.open = false;
        if alike && plan.key_is_deferred(&key) && !key.iter().any(|to| plan.columns[*to].identity_always) {
            self.steps.push(Step { table, operation: RowOperation::Update, key, rows });
            return;
        }
        self.steps.push(Step {
            table,
            operation: RowOperation::Delete,
            key: key.clone(),
            rows: rows.clone(),
        });
        for row in rows {
            self.join(table, RowOperation::Insert, key.clone(), row, true);
        }
    }

    /// Adds a row to be inserted or deleted. Where each row is looked for first, one key's rows have to stand in
    /// different steps.
    fn join_apart(
        &mut self,
        table: usize,
        operation: RowOperation,
        plan: &Plan,
        key: Vec<usize>,
        item: &Item<'a>,
    ) {
        let row = StepRow::of(item);
        if self.attempt.mode.is_careful() {
            let text = key_text(plan, &key, item);
            self.join_text(table, operation, key, row, text.is_some(), text);
        } else {
            self.join(table, operation, key, row, true);
        }
    }

    /// Adds a row to the last step, or begins another if that has the key already.
    fn join_text(
        &mut self,
        table: usize,
        operation: RowOperation,
        key: Vec<usize>,
        row: StepRow<'a>,
        several: bool,
        text: Option<String>,
    ) {
        self.open &= text.as_ref().is_none_or(|text| !self.keys.contains(text));
        self.join(table, operation, key, row, several);
        self.keys.extend(text);
    }

    /// Adds a row to the last step, or begins another. `several`: rows of this kind can be written together.
    fn join(
        &mut self,
        table: usize,
        operation: RowOperation,
        key: Vec<usize>,
        row: StepRow<'a>,
        several: bool,
    ) {
        let several = several && !self.attempt.mode.is_single();
        if let Some(last) = self.steps.last_mut().filter(|_| several && self.open)
            && (last.table, last.operation) == (table, operation)
            && last.key == key
            && last.rows.first().is_some_and(|first| first.new.map(|n| n.1) == row.new.map(|n| n.1))
        {
            last.rows.push(row);
            return;
        }
        self.keys.clear();
        self.open = several;
        self.steps.push(Step { table, operation, key, rows: vec![row] });
    }
}

/// Text of the key of the row that an item means; `None` where texts cannot tell keys apart.
fn key_text(plan: &Plan, key: &[usize], item: &Item<'_>) -> Option<String> {
    text_of(plan, key, item.identity()?)
}

/// Texts of the keys that an item has to do with: of its row, and of what that becomes; `None` as for [`key_text`].
fn key_texts(plan: &Plan, key: &[usize], item: &Item<'_>) -> Option<Vec<String>> {
    let rows = [item.change.old.as_ref().zip(item.old), item.change.new.as_ref().zip(item.new)];
    rows.into_iter().flatten().map(|row| text_of(plan, key, row)).collect()
}

fn text_of(plan: &Plan, key: &[usize], (row, mapping): (&Row, usize)) -> Option<String> {
    let mut text = String::new();
    plan.mappings[mapping].key_text(&plan.columns, key, row, &mut text).then_some(text)
}
