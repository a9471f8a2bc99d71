//! Chunk of changes: which tables can be folded, and in which order everything is written.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Client;

use crate::order::event_order;
use crate::order::event_order::Ordered;
use crate::order::fold::{Folded, Item, fold};
use crate::order::step::{RowOperation, Step, folded_steps};
use crate::target::lacking_columns;
use crate::target::table::Plan;
use crate::write::mode::{Attempt, WriteMode};
use crate::write::request::Request;
use crate::write::row_by_row;
use crate::write::sending;
use crate::write::table::{ChunkTable, Part, TargetTable};
use crate::{Change, Result};

/// The tables of a chunk, and the positions of each one's changes.
pub(crate) fn parts(changes: &[Change]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, change) in changes.iter().enumerate() {
        let place = *places.entry(&change.table).or_insert_with(|| {
            parts.push(Part { table: Arc::clone(&change.table), positions: Vec::new() });
            parts.len() - 1
        });
        parts[place].positions.push(at);
    }
    parts
}

/// The changes of a table, and what they come to; `None`: they are written in event order.
struct Work<'a> {
    items: Vec<Item<'a>>,
    folded: Option<Folded<'a>>,
}

/// Writes a chunk and waits until it is written.
///
/// # Errors
/// Those of writing.
pub(crate) async fn write(
    client: &Client,
    tables: &mut [ChunkTable],
    changes: &[Change],
    attempt: &Attempt,
) -> Result<()> {
    let mut work = gather(tables, changes)?;
    for (table, Work { items, folded }) in tables.iter_mut().zip(&mut work) {
        let TargetTable { plan, net_changes, .. } = &mut table.target;
        if let Some(net_changes) = net_changes {
            net_changes.take(client, plan, items).await?;
            *folded = Some(Folded::default());
        }
    }
    let steps = steps(tables, &mut work, attempt)?;
    if attempt.mode.is_careful() {
        return row_by_row::run(client, tables, &steps, attempt).await;
    }
    let requests = requests(tables, &steps, attempt.mode);
    drop(steps);
    sending::run(client, tables, requests).await
}

/// What has to be sent to write a chunk none of whose tables is gathered on the target.
///
/// # Errors
/// Of the changes: columns that the target lacks and the like.
pub(crate) fn plan(tables: &mut [ChunkTable], changes: &[Change], attempt: &Attempt) -> Result<Vec<Request>> {
    let mut work = gather(tables, changes)?;
    let steps = steps(tables, &mut work, attempt)?;
    Ok(requests(tables, &steps, attempt.mode))
}

fn requests(tables: &[ChunkTable], steps: &[Step<'_>], mode: WriteMode) -> Vec<Request> {
    steps.iter().filter_map(|step| Request::of(step, &tables[step.table].target.plan, mode)).collect()
}

/// The changes of each table.
fn gather<'a>(tables: &mut [ChunkTable], changes: &'a [Change]) -> Result<Vec<Work<'a>>> {
    let mut work = Vec::with_capacity(tables.len());
    for ChunkTable { target, share } in tables {
        let positions = share.part.positions.iter();
        let items = positions.map(|at| item(&mut target.plan, *at, &changes[*at]));
        work.push(Work { items: items.collect::<Result<_>>()?, folded: None });
    }
    Ok(work)
}

/// The steps of a chunk, in order. What is folded already is left out.
fn steps<'w>(
    tables: &mut [ChunkTable],
    work: &'w mut [Work<'_>],
    attempt: &Attempt,
) -> Result<Vec<Step<'w>>> {
    for (table, Work { items, folded }) in tables.iter_mut().zip(&mut *work) {
        let TargetTable { plan, ordered_for, .. } = &mut table.target;
        if folded.is_none() {
            let in_order = attempt.mode != WriteMode::Folded || *ordered_for > 0;
            *ordered_for = ordered_for.saturating_sub(1);
            *folded = if in_order { None } else { fold(plan, items) };
        }
    }
    let links = Links::between(tables, attempt.bypass);
    for (table, work) in work.iter_mut().enumerate() {
        // a row that goes and comes back would take those with it that refer to it
        work.folded.take_if(|folded| !folded.equals.is_empty() && links.refer_to(table));
    }
    links.spread(work);

    let work = &*work;
    let mut steps = folded_tables(tables, work, &links)?;
    let ordered = tables.iter().zip(work).enumerate().filter(|(_, (_, work))| work.folded.is_none());
    let ordered =
        ordered.map(|(table, (of, work))| Ordered { table, plan: &of.target.plan, items: &work.items });
    steps.extend(event_order::steps(&ordered.collect::<Vec<_>>(), attempt)?);
    Ok(steps)
}

/// The steps of the tables whose changes are folded.
fn folded_tables<'a>(
    tables: &mut [ChunkTable],
    work: &'a [Work<'_>],
    links: &Links,
) -> Result<Vec<Step<'a>>> {
    let mut steps = Vec::new();
    // rows that go make room for others, where no foreign key needs them until the others have moved away
    let early = |table: usize, plan: &Plan| !links.touch(table) && plan.can_collide(&plan.key);
    for (table, work) in work.iter().enumerate() {
        let plan = &mut tables[table].target.plan;
        if let Some(folded) = work.folded.as_ref().filter(|_| early(table, plan)) {
            steps.extend(folded_steps(table, plan, folded, RowOperation::Delete)?);
            steps.extend(folded_steps(table, plan, folded, RowOperation::Clear)?);
        }
    }
    for table in links.parents_first() {
        let plan = &mut tables[table].target.plan;
        if let Some(folded) = &work[table].folded {
            let all = folded.equals_exist;
            steps.extend(folded_steps(table, plan, folded, RowOperation::DeleteEquals { all })?);
            steps.extend(folded_steps(table, plan, folded, RowOperation::Update)?);
            steps.extend(folded_steps(table, plan, folded, RowOperation::Put)?);
            steps.extend(folded_steps(table, plan, folded, RowOperation::Insert)?);
        }
    }
    for table in links.parents_first().into_iter().rev() {
        let plan = &mut tables[table].target.plan;
        if let Some(folded) = work[table].folded.as_ref().filter(|_| !early(table, plan)) {
            steps.extend(folded_steps(table, plan, folded, RowOperation::Delete)?);
            steps.extend(folded_steps(table, plan, folded, RowOperation::Clear)?);
        }
    }
    Ok(steps)
}

fn item<'a>(plan: &mut Plan, at: usize, change: &'a Change) -> Result<Item<'a>> {
    let mut map = |row: &Option<crate::Row>| {
        row.as_ref().map(|row| plan.map(&row.columns, change.event_id)).transpose()
    };
    let (new, old) = (map(&change.new)?, map(&change.old)?);
    if let (Some(row), Some(mapping)) = (&change.new, new) {
        lacking_columns::check(plan, &plan.mappings[mapping], row, change.event_id)?;
    }
    Ok(Item { at, change, new, old })
}

/// Foreign keys between the tables of a chunk, as (child, parent, acts).
struct Links {
    tables: usize,
    links: Vec<(usize, usize, bool)>,
}

impl Links {
    fn between(tables: &[ChunkTable], bypass: bool) -> Links {
        let mut links = Vec::new();
        if !bypass {
            for (child, table) in tables.iter().enumerate() {
                for end in &table.target.plan.catalog_entry.parents {
                    let is_parent = |other: &ChunkTable| other.target.plan.catalog_entry.oid == end.oid;
                    let parents = tables.iter().enumerate().filter(|(_, other)| is_parent(other));
                    links.extend(parents.map(|(parent, _)| (child, parent, end.acts)));
                }
            }
        }
        Links { tables: tables.len(), links }
    }

    fn touch(&self, table: usize) -> bool {
        self.links.iter().any(|(child, parent, _)| *child == table || *parent == table)
    }

    fn refer_to(&self, table: usize) -> bool {
        self.links.iter().any(|(_, parent, _)| *parent == table)
    }

    /// Where one of the tables linked by actions is written in event order, all of them have to be.
    fn spread(&self, work: &mut [Work<'_>]) {
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (child, parent, _) in self.links.iter().filter(|(_, _, acts)| *acts) {
                if work[*child].folded.is_none() != work[*parent].folded.is_none() {
                    (work[*child].folded, work[*parent].folded) = (None, None);
                    changed = true;
                }
            }
        }
    }

    /// All tables, each behind those that its foreign keys refer to, as far as these make no circle.
    fn parents_first(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.tables);
        let mut seen = vec![false; self.tables];
        for table in 0..self.tables {
            self.visit(table, &mut seen, &mut order);
        }
        order
    }

    fn visit(&self, table: usize, seen: &mut [bool], order: &mut Vec<usize>) {
        if std::mem::replace(&mut seen[table], true) {
            return;
        }
        for (_, parent, _) in self.links.iter().filter(|(child, _, _)| *child == table) {
            self.visit(*parent, seen, order);
        }
        order.push(table);
    }
}
