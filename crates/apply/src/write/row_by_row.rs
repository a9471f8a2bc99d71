//! Steps executed one after the other, each after a look at which of its rows are there: so that a conflict is known by
//! its row, and can be settled as the policy says. Slow, and only for chunks that have met a conflict.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use crate::applied::TableCounts;
use crate::conflict::{Conflict, Conflicts};
use crate::order::step::{RowOperation, Step, StepRow, describe};
use crate::write::mode::Attempt;
use crate::write::planning;
use crate::write::statement::Shape;
use crate::write::step::{as_sql, execute, not_unique, row_missing};
use crate::write::table::{ChunkTable, Share, TargetTable};
use crate::{Error, OnConflict, Result};

/// Executes steps in order, and adds to the counts of each table what they did.
///
/// # Errors
/// Those of writing; [`RowMissing`](crate::Error::RowMissing) where conflicts are errors.
pub(crate) async fn run(
    client: &Client,
    tables: &mut [ChunkTable],
    steps: &[Step<'_>],
    attempt: &Attempt,
) -> Result<()> {
    let needs_estimates = |step: &Step<'_>| {
        let plan = &tables[step.table].target.plan;
        step.shape(plan).is_some_and(|shape| planning::needs_estimates(plan, &shape))
    };
    if steps.iter().any(needs_estimates) {
        let failed = Error::server("choosing how statements are planned on the target");
        client.batch_execute(planning::AS_ESTIMATED).await.map_err(failed)?;
    }
    for step in steps {
        let ChunkTable { target, share: Share { counts, conflicts, .. } } = &mut tables[step.table];
        Careful { client, target, attempt, counts, conflicts }.take(step).await?;
    }
    Ok(())
}

struct Careful<'s> {
    client: &'s Client,
    target: &'s mut TargetTable,
    attempt: &'s Attempt,
    counts: &'s mut TableCounts,
    conflicts: &'s mut Conflicts,
}

impl Careful<'_> {
    async fn take(&mut self, step: &Step<'_>) -> Result<()> {
        match step.operation {
            RowOperation::Insert => self.insert(step, true).await,
            RowOperation::Put => self.insert(step, false).await,
            RowOperation::Clear => self.delete(step).await,
            RowOperation::Update => self.update(step).await,
            RowOperation::Touch => self.write(step).await.map(|_| ()),
            RowOperation::Delete => {
                let absent = self.absent(step).await?;
                for row in step.rows.iter().enumerate().filter(|(at, _)| absent.contains(at)) {
                    self.gone(row.1)?;
                }
                self.delete(step).await
            }
            RowOperation::DeleteOne | RowOperation::DeleteEquals { .. } => {
                let before = self.counts.missing;
                self.delete(step).await?;
                if self.counts.missing > before {
                    self.late("delete", &step.rows[0])?;
                    self.gone(&step.rows[0])?;
                }
                Ok(())
            }
            RowOperation::Follow | RowOperation::UpdateOne => {
                let row = step.rows[0];
                let mut found = self.write(step).await?;
                if found == 0 && step.operation == RowOperation::Follow {
                    let moved = StepRow { identity: row.new, ..row };
                    found = self.write(&of(step, RowOperation::Update, vec![moved])).await?;
                }
                self.counts.updated += found;
                if found == 0 {
                    self.late("update", &row)?;
                    self.conflict("update", &row)?;
                    self.bring(step, vec![row]).await?;
                }
                Ok(())
            }
        }
    }

    /// Inserts rows; those whose key is there are updated, which is a conflict if it is `told`.
    async fn insert(&mut self, step: &Step<'_>, told: bool) -> Result<()> {
        let plain = step.key.is_empty() || (told && !self.attempt.on_conflict.overwrites());
        let absent = if plain { (0..step.rows.len()).collect() } else { self.absent(step).await? };
        let part = |there: bool| -> Vec<_> {
            let rows = step.rows.iter().enumerate().filter(|(at, _)| absent.contains(at) != there);
            rows.map(|(_, row)| *row).collect()
        };
        let there = part(true);
        for row in there.iter().filter(|_| told) {
            self.late("insert", row)?;
            self.note("insert", row);
        }
        self.counts.updated += self.write(&of(step, RowOperation::Update, there)).await?;
        self.counts.inserted += self.write(&of(step, RowOperation::Insert, part(false))).await?;
        Ok(())
    }

    async fn update(&mut self, step: &Step<'_>) -> Result<()> {
        let absent = self.absent(step).await?;
        let mut gone = Vec::new();
        for (_, row) in step.rows.iter().enumerate().filter(|(at, _)| absent.contains(at)) {
            self.conflict("update", row)?;
            gone.push(*row);
        }
        let rows = step.rows.iter().enumerate().filter(|(at, _)| !absent.contains(at));
        let step_of_found = of(step, RowOperation::Update, rows.map(|(_, row)| *row).collect());
        self.counts.updated += self.write(&step_of_found).await?;
        self.bring(step, gone).await
    }

    /// Makes rows what they are on the source, as far as their events tell all of them; nothing where the policy is
    /// to skip.
    async fn bring(&mut self, step: &Step<'_>, rows: Vec<StepRow<'_>>) -> Result<()> {
        if !self.attempt.on_conflict.overwrites() {
            return Ok(());
        }
        for row in rows {
            let whole = row.new.is_some_and(|(new, mapping)| {
                new.columns.are_all() || self.target.plan.mappings.get(mapping).is_some_and(|m| m.whole)
            });
            if whole {
                let row = StepRow { identity: row.new, ..row };
                self.insert(&of(step, RowOperation::Insert, vec![row]), false).await?;
            }
        }
        Ok(())
    }

    async fn delete(&mut self, step: &Step<'_>) -> Result<()> {
        let found = self.write(step).await?;
        self.counts.deleted += found;
        self.counts.missing += (step.rows.len() as u64).saturating_sub(found);
        Ok(())
    }

    /// A row to delete that is not there: no conflict where a cascade may have taken it.
    fn gone(&mut self, row: &StepRow<'_>) -> Result<()> {
        if self.target.plan.may_cascade(self.attempt.bypass) { Ok(()) } else { self.conflict("delete", row) }
    }

    /// Refuses to judge a row that its event tells by all values, in a table with a key that has several rows for a
    /// while: only what the transaction comes to
    /// says whether it is a conflict.
    fn late(&self, op: &'static str, row: &StepRow<'_>) -> Result<()> {
        match row.identity {
            Some((values, mapping)) if self.target.plan.identifies_late(mapping) => Err(Error::Differs {
                op,
                table: self.target.plan.table.clone(),
                key: self.target.plan.describe_own_key(values, mapping),
                event_id: row.event_id,
            }),
            _ => Ok(()),
        }
    }

    fn conflict(&mut self, op: &'static str, row: &StepRow<'_>) -> Result<()> {
        if self.attempt.on_conflict == OnConflict::Error {
            return Err(row_missing(&self.target.plan, op, row));
        }
        self.note(op, row);
        Ok(())
    }

    fn note(&mut self, op: &'static str, row: &StepRow<'_>) {
        let key = describe(&self.target.plan, row).unwrap_or_default();
        self.conflicts.add(Conflict { op, key, event_id: row.event_id });
    }

    async fn write(&mut self, step: &Step<'_>) -> Result<u64> {
        if step.rows.is_empty() {
            return Ok(0);
        }
        let found = execute(self.client, self.target, step).await?;
        if step.operation != RowOperation::Insert && found > step.rows.len() as u64 {
            return Err(not_unique(&self.target.plan, step));
        }
        Ok(found)
    }

    /// Positions of the rows whose key is not there.
    async fn absent(&mut self, step: &Step<'_>) -> Result<BTreeSet<usize>> {
        let shape = Shape::Missing { key: step.key.clone() };
        let statement = self
            .target
            .statements
            .prepare(self.client, &self.target.plan, &shape)
            .await
            .map_err(|e| step.doing(&self.target.plan).refused(e))?;
        let parameters = step.parameters(&self.target.plan, &shape);
        let rows = self
            .client
            .query(&statement, &as_sql(&parameters))
            .await
            .map_err(|e| step.doing(&self.target.plan).refused(e))?;
        Ok(rows.iter().filter_map(|row| usize::try_from(row.get::<_, i64>(0) - 1).ok()).collect())
    }
}

fn of<'a>(step: &Step<'_>, operation: RowOperation, rows: Vec<StepRow<'a>>) -> Step<'a> {
    Step { table: step.table, operation, key: step.key.clone(), rows }
}
