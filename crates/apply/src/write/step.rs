//! Execution of steps: shapes, parameters and answers of their statements.

use tokio_postgres::Client;

use crate::order::step::{RowOperation, Step, StepRow, describe};
use crate::target::table::Plan;
use crate::write::parameter::{Array, Text};
use crate::write::pipeline::{Parameters, Pipeline};
use crate::write::planning;
use crate::write::planning::{AS_ESTIMATED, BY_INDEX};
use crate::write::refusal::Doing;
use crate::write::statement::Shape;
use crate::write::table::{ChunkTable, TargetTable};
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

    pub(crate) fn parameters(&self, plan: &Plan, shape: &Shape) -> Parameters<'a> {
        let texts = |arrays: Vec<Vec<Option<&'a str>>>| arrays.into_iter().flatten().map(Text);
        let read = |to: &[usize], new: bool| -> Vec<Array<'a>> {
            let arrays = self.arrays(plan, to, new).into_iter();
            to.iter().zip(arrays).map(|(to, texts)| plan.columns[*to].reading.parameter(texts)).collect()
        };
        let nothing = || Parameters::Arrays(vec![Array::Texts(vec![None; self.rows.len()])]);
        let old = |old: &[(usize, bool)]| {
            let to: Vec<usize> = old.iter().filter(|(_, null)| !null).map(|(to, _)| *to).collect();
            texts(self.arrays(plan, &to, false))
        };
        match shape {
            Shape::Insert { columns } if columns.is_empty() => nothing(),
            Shape::Insert { columns } => Parameters::Arrays(read(columns, true)),
            Shape::Update { columns, key } | Shape::Put { columns, key } => {
                Parameters::Arrays(read(columns, true).into_iter().chain(read(key, false)).collect())
            }
            Shape::DeleteEquals { columns } if columns.is_empty() => nothing(),
            Shape::DeleteEquals { columns } => Parameters::Arrays(read(columns, false)),
            Shape::Delete { key } | Shape::Missing { key } => Parameters::Arrays(read(key, false)),
            Shape::UpdateOne { columns, old: of } => {
                Parameters::Texts(texts(self.arrays(plan, columns, true)).chain(old(of)).collect())
            }
            Shape::DeleteOne { old: of } => Parameters::Texts(old(of).collect()),
        }
    }

    pub(crate) fn doing<'p>(&'p self, plan: &'p Plan) -> Doing<'p> {
        let events = self.rows.iter().map(|row| row.event_id);
        let op = match self.operation {
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
        };
        let single = self.rows.first().filter(|_| self.rows.len() == 1);
        let key = single.and_then(|row| describe(plan, row));
        let row = single.and_then(|row| row.new.or(row.identity)).map(|(row, _)| row);
        Doing {
            table: &plan.table,
            op,
            first_event: events.clone().min().unwrap_or_default(),
            last_event: events.max().unwrap_or_default(),
            key,
            row,
        }
    }
}

/// Executes steps in order, and adds to the counts of each table what they did. `bypass`: foreign keys are out of
/// force.
///
/// # Errors
/// Those of writing; the first step's that failed.
pub(crate) async fn run(
    client: &Client,
    tables: &mut [ChunkTable],
    steps: &[Step<'_>],
    bypass: bool,
) -> Result<()> {
    let mut pipeline = Pipeline::new(client);
    let mut estimated = false;
    for step in steps {
        let TargetTable { plan, statements, .. } = &mut tables[step.table].target;
        let Some(shape) = step.shape(plan) else { continue };
        let estimates = planning::needs_estimates(plan, &shape);
        let turns = std::mem::replace(&mut estimated, estimates) != estimates;
        let prepared = async {
            if turns {
                client.batch_execute(if estimates { AS_ESTIMATED } else { BY_INDEX }).await?;
            }
            statements.prepare(client, plan, &shape).await
        };
        let prepared = pipeline.meanwhile(prepared).await;
        let statement = match prepared {
            Ok(statement) => statement,
            Err(error) => {
                // an earlier statement's refusal has made this one fail
                while let Some((earlier, answer)) = pipeline.next().await {
                    settle(client, tables, earlier, answer, bypass).await?;
                }
                return Err(step.doing(&tables[step.table].target.plan).refused(error));
            }
        };
        let parameters = step.parameters(plan, &shape);
        if let Some((earlier, answer)) = pipeline.send(step, statement, parameters).await {
            settle(client, tables, earlier, answer, bypass).await?;
        }
        if step.operation == RowOperation::Follow {
            while let Some((earlier, answer)) = pipeline.next().await {
                settle(client, tables, earlier, answer, bypass).await?;
            }
        }
    }
    while let Some((step, answer)) = pipeline.next().await {
        settle(client, tables, step, answer, bypass).await?;
    }
    Ok(())
}

/// Judges a statement's answer. Statements behind it may have failed by now, and the transaction with them: only
/// [`RowOperation::Follow`], which nothing is
/// sent behind, may ask the server anything. Which of several rows is missing is found by
/// [`WriteMode::Careful`](crate::write::mode::WriteMode::Careful).
async fn settle(
    client: &Client,
    tables: &mut [ChunkTable],
    step: &Step<'_>,
    answer: std::result::Result<u64, tokio_postgres::Error>,
    bypass: bool,
) -> Result<()> {
    let ChunkTable { target, counts, .. } = &mut tables[step.table];
    let plan = &target.plan;
    let found = answer.map_err(|e| step.doing(plan).refused(e))?;
    let rows = step.rows.len() as u64;
    match step.operation {
        RowOperation::Insert => counts.inserted += found,
        RowOperation::Put => {
            counts.inserted += found;
            counts.updated += rows.saturating_sub(found);
        }
        // the rows are put afterwards, and counted then
        RowOperation::Touch => {}
        RowOperation::Clear => {
            counts.deleted += found;
            counts.missing += rows.saturating_sub(found);
        }
        RowOperation::DeleteEquals { all: true } if found < rows => {
            return Err(row_missing(plan, "update", &step.rows[0]));
        }
        RowOperation::Delete | RowOperation::DeleteOne | RowOperation::DeleteEquals { .. } => {
            counts.deleted += found;
            counts.missing += rows.saturating_sub(found);
            if found > rows {
                return Err(not_unique(plan, step));
            }
            if found < rows && !plan.may_cascade(bypass) {
                return Err(row_missing(plan, "delete", &step.rows[0]));
            }
        }
        RowOperation::Follow if found == 0 => {
            let moved = StepRow { identity: step.rows[0].new, ..step.rows[0] };
            let moved = Step {
                table: step.table,
                operation: RowOperation::Update,
                key: step.key.clone(),
                rows: vec![moved],
            };
            counts.updated += again(client, target, &moved).await?;
        }
        RowOperation::Update | RowOperation::Follow | RowOperation::UpdateOne => {
            counts.updated += found;
            if found < rows {
                return Err(row_missing(plan, "update", &step.rows[0]));
            }
            if found > rows {
                return Err(not_unique(plan, step));
            }
        }
    }
    Ok(())
}

/// Updates one row, which must be there.
async fn again(client: &Client, table: &mut TargetTable, step: &Step<'_>) -> Result<u64> {
    let found = execute(client, table, step).await?;
    if found == 0 { Err(row_missing(&table.plan, "update", &step.rows[0])) } else { Ok(found) }
}

/// Executes one step; where there is nothing to set, all of its rows count as found.
pub(crate) async fn execute(client: &Client, table: &mut TargetTable, step: &Step<'_>) -> Result<u64> {
    let TargetTable { plan, statements, .. } = table;
    let Some(shape) = step.shape(plan) else { return Ok(step.rows.len() as u64) };
    let statement =
        statements.prepare(client, plan, &shape).await.map_err(|e| step.doing(plan).refused(e))?;
    let parameters = step.parameters(plan, &shape);
    client.execute(&statement, &parameters.as_sql()).await.map_err(|e| step.doing(plan).refused(e))
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
