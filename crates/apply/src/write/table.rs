//! Table that is written: its plan, and what the writer keeps for it.

use std::sync::Arc;

use crate::applied::TableCounts;
use crate::conflict::Conflicts;
use crate::target::survey::CatalogEntry;
use crate::target::table::Plan;
use crate::write::net_changes::NetChanges;
use crate::write::statement::Statements;

/// A destination table as long as the connection lasts.
#[derive(Debug)]
pub(crate) struct TargetTable {
    pub(crate) plan: Plan,
    pub(crate) statements: Statements,
    /// Chunks that are still to be written in event order, because folding met a collision lately.
    pub(crate) ordered_for: u32,
    /// Its changes are gathered and written at the end.
    pub(crate) net_changes: Option<NetChanges>,
}

impl TargetTable {
    /// A table of which nothing has been written yet.
    pub(crate) fn new(plan: Plan) -> TargetTable {
        TargetTable { plan, statements: Statements::default(), ordered_for: 0, net_changes: None }
    }

    /// The target's table is still the one that the plan was made for.
    pub(crate) fn fits(&self, entry: &CatalogEntry) -> bool {
        let was = &self.plan.catalog_entry;
        was.oid == entry.oid && was.fingerprint == entry.fingerprint && was.is_large == entry.is_large
    }

    /// Forgets mappings and statements when there have come to be too many.
    pub(crate) fn trim(&mut self) {
        self.plan.trim();
        self.statements.trim();
    }
}

/// The changes of one table in a chunk.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The table, as the source names it.
    pub(crate) table: Arc<str>,
    /// Positions of its changes in the chunk.
    pub(crate) positions: Vec<usize>,
}

/// A table of a chunk while that is planned and sent.
#[derive(Debug)]
pub(crate) struct ChunkTable {
    pub(crate) target: TargetTable,
    pub(crate) share: Share,
}

/// A table's share in a chunk.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) part: Part,
    /// The destination table.
    pub(crate) dest: String,
    /// Rows may have gone with those that they refer to.
    pub(crate) may_cascade: bool,
    /// What this attempt has done.
    pub(crate) counts: TableCounts,
    pub(crate) conflicts: Conflicts,
}

impl ChunkTable {
    /// A table's part of a chunk. `bypass`: foreign keys are out of force.
    pub(crate) fn new(part: Part, target: TargetTable, bypass: bool) -> ChunkTable {
        let changes = part.positions.len() as u64;
        let share = Share {
            part,
            dest: target.plan.table.clone(),
            may_cascade: target.plan.may_cascade(bypass),
            counts: TableCounts { changes, ..TableCounts::default() },
            conflicts: Conflicts::default(),
        };
        ChunkTable { target, share }
    }
}

impl AsMut<Share> for ChunkTable {
    fn as_mut(&mut self) -> &mut Share {
        &mut self.share
    }
}

impl AsMut<Share> for Share {
    fn as_mut(&mut self) -> &mut Share {
        self
    }
}
