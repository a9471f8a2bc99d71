//! One chunk of changes: which tables can be folded, and in which order everything is written.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Client;

use crate::applied::TableCounts;
use crate::conflict::Conflicts;
use crate::order::event_order;
use crate::order::fold::{Folded, Item, fold};
use crate::target::lacking_columns;
use crate::target::table::Plan;
use crate::write::row_by_row;
use crate::write::step::{RowOperation, folded_steps, run};
use crate::{Change, OnConflict, Result};

/// How a chunk is to be written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WriteMode {
    /// Foreign keys are out of force.
    pub(crate) bypass: bool,
    /// Everything in event order.
    pub(crate) in_order: bool,
    /// Rows of the same values that change keys one after the other are different rows.
    pub(crate) apart: bool,
    /// Each row in a statement of its own.
    pub(crate) single: bool,
    /// One statement after the other, each with a look at which rows are there.
    pub(crate) careful: bool,
    pub(crate) on_conflict: OnConflict,
}

/// The tables of a chunk, and the positions of each one's changes.
pub(crate) fn tables(changes: &[Change]) -> (Vec<Arc<str>>, Vec<Vec<usize>>) {
    let mut tables: Vec<Arc<str>> = Vec::new();
    let mut positions: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (at, change) in changes.iter().enumerate() {
        let place = *places.entry(&change.table).or_insert_with(|| {
            tables.push(Arc::clone(&change.table));
            positions.push(Vec::new());
            positions.len() - 1
        });
        positions[place].push(at);
    }
    (tables, positions)
}

/// Writes a chunk.
///
/// # Errors
/// Those of writing.
pub(crate) async fn write(
    client: &Client,
    plans: &mut [Plan],
    changes: &[Change],
    positions: &[Vec<usize>],
    mode: &WriteMode,
    counts: &mut [TableCounts],
    conflicts: &mut [Conflicts],
) -> Result<()> {
    let mut items: Vec<Vec<Item<'_>>> = Vec::with_capacity(plans.len());
    for (table, plan) in plans.iter_mut().enumerate() {
        counts[table].changes = positions[table].len() as u64;
        items.push(positions[table].iter().map(|at| item(plan, *at, &changes[*at])).collect::<Result<_>>()?);
    }
    let mut folded: Vec<Option<Folded<'_>>> = Vec::with_capacity(plans.len());
    for (plan, items) in plans.iter_mut().zip(&items) {
        if let Some(mut net_changes) = plan.net_changes.take() {
            let taken = net_changes.take(client, plan, items).await;
            plan.net_changes = Some(net_changes);
            taken?;
            folded.push(Some(Folded::default()));
            continue;
        }
        let in_order = mode.in_order || plan.ordered_for > 0;
        plan.ordered_for = plan.ordered_for.saturating_sub(1);
        folded.push(if in_order { None } else { fold(plan, items) });
    }
    let links = Links::between(plans, mode.bypass);
    for (table, folded) in folded.iter_mut().enumerate() {
        // a row that goes and comes back would take those with it that refer to it
        folded.take_if(|folded| !folded.equals.is_empty() && links.refer_to(table));
    }
    links.spread(&mut folded);

    let ordered: Vec<bool> = folded.iter().map(Option::is_none).collect();
    let mut steps = Vec::new();
    // rows that go make room for others, where no foreign key needs them until the others have moved away
    let early = |table: usize, plan: &Plan| !links.touch(table) && plan.can_collide(&plan.key);
    for (table, folded) in folded.iter().enumerate() {
        if let Some(folded) = folded.as_ref().filter(|_| early(table, &plans[table])) {
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Delete)?);
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Clear)?);
        }
    }
    for table in links.parents_first() {
        if let Some(folded) = &folded[table] {
            let all = folded.equals_exist;
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::DeleteEquals { all })?);
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Update)?);
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Put)?);
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Insert)?);
        }
    }
    for table in links.parents_first().into_iter().rev() {
        if let Some(folded) = folded[table].as_ref().filter(|_| !early(table, &plans[table])) {
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Delete)?);
            steps.extend(folded_steps(table, &mut plans[table], folded, RowOperation::Clear)?);
        }
    }
    let of_tables: Vec<_> = plans.iter().zip(&items).map(|(plan, items)| (plan, items.as_slice())).collect();
    steps.extend(event_order::steps(&of_tables, &ordered, mode)?);
    if mode.careful {
        return row_by_row::run(client, plans, &steps, mode, counts, conflicts).await;
    }
    run(client, plans, &steps, mode, counts).await
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
    fn between(plans: &[Plan], bypass: bool) -> Links {
        let mut links = Vec::new();
        if !bypass {
            for (child, plan) in plans.iter().enumerate() {
                for end in &plan.catalog_entry.parents {
                    let parents = plans.iter().enumerate().filter(|(_, p)| p.catalog_entry.oid == end.oid);
                    links.extend(parents.map(|(parent, _)| (child, parent, end.acts)));
                }
            }
        }
        Links { tables: plans.len(), links }
    }

    fn touch(&self, table: usize) -> bool {
        self.links.iter().any(|(child, parent, _)| *child == table || *parent == table)
    }

    fn refer_to(&self, table: usize) -> bool {
        self.links.iter().any(|(_, parent, _)| *parent == table)
    }

    /// Where one of the tables linked by actions is written in event order, all of them have to be.
    fn spread(&self, folded: &mut [Option<Folded<'_>>]) {
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (child, parent, _) in self.links.iter().filter(|(_, _, acts)| *acts) {
                if folded[*child].is_none() != folded[*parent].is_none() {
                    (folded[*child], folded[*parent]) = (None, None);
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
