//! Step: one statement over some rows of one table, in the order in which a chunk is written.

use crate::order::fold::{Folded, Item};
use crate::target::table::Plan;
use crate::{Result, Row};

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowOperation {
    Insert,
    Update,
    /// Update where the row is, insert where it is not.
    Put,
    /// Update where the row is.
    Touch,
    Delete,
    /// Delete where the row is.
    Clear,
    /// Update of one row that may have got its new key already, by a foreign key's action.
    Follow,
    /// Update of one of several equal rows.
    UpdateOne,
    /// Deletion of one of several equal rows.
    DeleteOne,
    /// The same for many rows at once; `all`: it is an error when one is not there.
    DeleteEquals {
        all: bool,
    },
}

impl RowOperation {
    /// The operation as an SQL word, for messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RowOperation::Insert => "insert",
            RowOperation::Update
            | RowOperation::Follow
            | RowOperation::UpdateOne
            | RowOperation::Put
            | RowOperation::Touch => "update",
            RowOperation::Delete
            | RowOperation::Clear
            | RowOperation::DeleteOne
            | RowOperation::DeleteEquals { .. } => "delete",
        }
    }
}

/// A row, or a pair of rows, with their mappings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepRow<'a> {
    pub(crate) event_id: i64,
    pub(crate) new: Option<(&'a Row, usize)>,
    /// The row that tells which row is meant.
    pub(crate) identity: Option<(&'a Row, usize)>,
}

impl<'a> StepRow<'a> {
    pub(crate) fn of(item: &Item<'a>) -> StepRow<'a> {
        StepRow {
            event_id: item.change.event_id,
            new: item.change.new.as_ref().zip(item.new),
            identity: item.identity(),
        }
    }
}

/// One statement: some rows of one table, all new ones of one mapping.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) table: usize,
    pub(crate) operation: RowOperation,
    /// Target positions of the key.
    pub(crate) key: Vec<usize>,
    pub(crate) rows: Vec<StepRow<'a>>,
}

/// The steps of one kind that a folded table needs: one for each mapping of its rows.
pub(crate) fn folded_steps<'a>(
    table: usize,
    plan: &mut Plan,
    folded: &'a Folded<'_>,
    operation: RowOperation,
) -> Result<Vec<Step<'a>>> {
    let nets = match operation {
        RowOperation::Insert => &folded.inserts,
        RowOperation::DeleteEquals { .. } => &folded.equals,
        RowOperation::Update => &folded.updates,
        RowOperation::Put => &folded.puts,
        RowOperation::Clear => &folded.clears,
        _ => &folded.deletes,
    };
    let mut steps: Vec<(usize, Step<'a>)> = Vec::new();
    for net in nets {
        let mapping = plan.map(&net.row.columns, net.event_id)?;
        let of_row = Some((net.row.as_ref(), mapping));
        let new = of_row
            .filter(|_| matches!(operation, RowOperation::Insert | RowOperation::Update | RowOperation::Put));
        let row = StepRow { event_id: net.event_id, new, identity: of_row };
        match steps.iter_mut().find(|(of, _)| *of == mapping) {
            Some((_, step)) => step.rows.push(row),
            None => {
                steps.push((mapping, Step { table, operation, key: folded.key.clone(), rows: vec![row] }))
            }
        }
    }
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

/// The key of the row that is meant and its values, for messages.
pub(crate) fn describe(plan: &Plan, row: &StepRow<'_>) -> Option<String> {
    let (row, mapping) = row.identity?;
    Some(plan.mappings[mapping].describe_key(row))
}
