//! Statement of a step: its shape and its parameters.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::order::step::{RowOperation, Step, StepRow, describe};
use crate::target::table::Plan;
use crate::write::parameter::Parameter;
use crate::write::refusal::Doing;
use crate::write::statement::Shape;
use crate::write::table::TargetTable;
use crate::{Error, Result};

impl<'a> Step<'a> {
    /// The statement's shape; `None` where there is nothing to do.
    pub(crate) fn shape(&self, plan: &Plan) -> Option<Shape> {
        let first = self.rows.first()?;
        let written = |updating: bool| -> Option<Vec<usize>> {
            let (_, mapping) = first.new?;
            let columns = plan.mappings[mapping].written.iter().map(|(_, to)| *to);
            Some(columns.filter(|to| !(updating && plan.columns[*to].identity_always)).collect())
        };
        let set = || written(true).filter(|columns| !columns.is_empty());
        let key = self.key.clone();
        let old = || {
            let (row, mapping) = first.identity?;
            let written = plan.mappings[mapping].written.iter();
            Some(written.map(|(at, to)| (*to, row.values.get(*at).is_none())).collect())
        };
        Some(match self.operation {
            RowOperation::Insert => Shape::Insert { columns: written(false)? },
            RowOperation::Update | RowOperation::Follow | RowOperation::Touch => {
                Shape::Update { columns: set()?, key }
            }
            RowOperation::Put => Shape::Put { columns: written(false)?, key },
            RowOperation::Delete | RowOperation::Clear => Shape::Delete { key },
            RowOperation::UpdateOne => Shape::UpdateOne { columns: set()?, old: old()? },
            RowOperation::DeleteOne => Shape::DeleteOne { old: old()? },
            RowOperation::DeleteEquals { .. } => {
                let (_, mapping) = first.identity?;
                let columns = plan.mappings[mapping].written.iter().map(|(_, to)| *to).collect();
                Shape::DeleteEquals { columns }
            }
        })
    }

    /// Values of the target's columns `to`, of the new rows or of those that identify; missing ones are NULL.
    fn arrays(&self, plan: &Plan, to: &[usize], new: bool) -> Vec<Vec<Option<&'a str>>> {
        let value = |row: &StepRow<'a>, to: usize| {
            let (row, mapping) = if new { row.new? } else { row.identity? };
            row.values.get(plan.mappings[mapping].position(to)?)
        };
        to.iter().map(|to| self.rows.iter().map(|row| value(row, *to)).collect()).collect()
    }

    pub(crate) fn parameters(&self, plan: &Plan, shape: &Shape) -> Vec<Parameter> {
        let texts = |arrays: Vec<Vec<Option<&str>>>| -> Vec<Parameter> {
            arrays.into_iter().flatten().map(Parameter::text).collect()
        };
        let read = |to: &[usize], new: bool| -> Vec<Parameter> {
            let arrays = self.arrays(plan, to, new).into_iter();
            to.iter().zip(arrays).map(|(to, texts)| plan.columns[*to].reading.parameter(&texts)).collect()
        };
        let nothing = || vec![Parameter::texts(&vec![None; self.rows.len()])];
        let old = |old: &[(usize, bool)]| {
            let to: Vec<usize> = old.iter().filter(|(_, null)| !null).map(|(to, _)| *to).collect();
            texts(self.arrays(plan, &to, false))
        };
        match shape {
            Shape::Insert { columns } if columns.is_empty() => nothing(),
            Shape::Insert { columns } => read(columns, true),
            Shape::Update { columns, key } | Shape::Put { columns, key } => {
                read(columns, true).into_iter().chain(read(key, false)).collect()
            }
            Shape::DeleteEquals { columns } if columns.is_empty() => nothing(),
            Shape::DeleteEquals { columns } => read(columns, false),
            Shape::Delete { key } | Shape::Missing { key } => read(key, false),
            Shape::UpdateOne { columns, old: of } => {
                texts(self.arrays(plan, columns, true)).into_iter().chain(old(of)).collect()
            }
            Shape::DeleteOne { old: of } => old(of),
        }
    }

    pub(crate) fn doing<'p>(&'p self, plan: &'p Plan) -> Doing<'p> {
        let events = self.rows.iter().map(|row| row.event_id);
        let single = self.rows.first().filter(|_| self.rows.len() == 1);
        let key = single.and_then(|row| describe(plan, row));
        let row = single.and_then(|row| row.new.or(row.identity)).map(|(row, _)| row);
        Doing {
            table: &plan.table,
            op: self.operation.word(),
            first_event: events.clone().min().unwrap_or_default(),
            last_event: events.max().unwrap_or_default(),
            key,
            row,
        }
    }
}

/// Executes one step; where there is nothing to set, all of its rows count as found.
pub(crate) async fn execute(client: &Client, table: &mut TargetTable, step: &Step<'_>) -> Result<u64> {
    let TargetTable { plan, statements, .. } = table;
    let Some(shape) = step.shape(plan) else { return Ok(step.rows.len() as u64) };
    let statement =
        statements.prepare(client, plan, &shape).await.map_err(|e| step.doing(plan).refused(e))?;
    let parameters = step.parameters(plan, &shape);
    client.execute(&statement, &as_sql(&parameters)).await.map_err(|e| step.doing(plan).refused(e))
}

/// Parameters as the driver takes them.
pub(crate) fn as_sql(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect()
}

pub(crate) fn not_unique(plan: &Plan, step: &Step<'_>) -> Error {
    let doing = step.doing(plan);
    Error::NotUnique {
        table: plan.table.clone(),
        first_event: doing.first_event,
        last_event: doing.last_event,
    }
}

pub(crate) fn row_missing(plan: &Plan, op: &'static str, row: &StepRow<'_>) -> Error {
    Error::RowMissing {
        op,
        table: plan.table.clone(),
        key: describe(plan, row).unwrap_or_default(),
        event_id: row.event_id,
    }
}
