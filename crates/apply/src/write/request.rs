//! Request: a statement of a chunk with its parameters, ready to be sent, and what is remembered of it until its answer
//! comes. Nothing of it borrows from the chunk, which may go on growing meanwhile.

use crate::order::step::{RowOperation, Step, StepRow, describe};
use crate::target::table::Plan;
use crate::write::mode::WriteMode;
use crate::write::parameter::Parameter;
use crate::write::refusal::Doing;
use crate::write::statement::Shape;
use crate::{Error, Row};

/// A statement to be sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) shape: Shape,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) sent: Sent,
    /// What is sent where this one has found no row: nothing may be sent behind it before.
    pub(crate) otherwise: Option<Box<Request>>,
}

/// What is remembered of a statement.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The table's place in the chunk.
    pub(crate) table: usize,
    pub(crate) operation: RowOperation,
    pub(crate) rows: u64,
    pub(crate) first_event: i64,
    pub(crate) last_event: i64,
    /// Of a single row: its key.
    key: Option<String>,
    /// Of a single row that no further mode is tried for: the row.
    row: Option<Row>,
}

impl Request {
    /// The step's request; `None` where there is nothing to do.
    pub(crate) fn of(step: &Step<'_>, plan: &Plan, mode: WriteMode) -> Option<Request> {
        let shape = step.shape(plan)?;
        let parameters = step.parameters(plan, &shape);
        let otherwise = (step.operation == RowOperation::Follow).then(|| {
            let moved = StepRow { identity: step.rows[0].new, ..step.rows[0] };
            let rows = vec![moved];
            Step { table: step.table, operation: RowOperation::Update, key: step.key.clone(), rows }
        });
        let otherwise = otherwise.and_then(|moved| Request::of(&moved, plan, mode)).map(Box::new);
        Some(Request { shape, parameters, sent: Sent::of(step, plan, mode), otherwise })
    }
}

impl Sent {
    fn of(step: &Step<'_>, plan: &Plan, mode: WriteMode) -> Sent {
        let events = step.rows.iter().map(|row| row.event_id);
        let single = step.rows.first().filter(|_| step.rows.len() == 1);
        let row = single.filter(|_| mode != WriteMode::Folded).and_then(|row| row.new.or(row.identity));
        Sent {
            table: step.table,
            operation: step.operation,
            rows: step.rows.len() as u64,
            first_event: events.clone().min().unwrap_or_default(),
            last_event: events.max().unwrap_or_default(),
            key: single.and_then(|row| describe(plan, row)),
            row: row.map(|(row, _)| row.clone()),
        }
    }

    /// What was being done, to the destination table `dest`.
    pub(crate) fn doing<'s>(&'s self, dest: &'s str) -> Doing<'s> {
        Doing {
            table: dest,
            op: self.operation.word(),
            first_event: self.first_event,
            last_event: self.last_event,
            key: self.key.clone(),
            row: self.row.as_ref(),
        }
    }

    pub(crate) fn row_missing(&self, op: &'static str, dest: &str) -> Error {
        let (table, key) = (dest.to_owned(), self.key.clone().unwrap_or_default());
        Error::RowMissing { op, table, key, event_id: self.first_event }
    }

    pub(crate) fn not_unique(&self, dest: &str) -> Error {
        let (first_event, last_event) = (self.first_event, self.last_event);
        Error::NotUnique { table: dest.to_owned(), first_event, last_event }
    }
}
