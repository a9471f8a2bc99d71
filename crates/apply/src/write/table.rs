//! Table that is written: its plan, and what the writer keeps for it.

use std::sync::Arc;

use crate::applied::TableCounts;
use crate::conflict::Conflicts;
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

/// A table of a chunk while that is written.
#[derive(Debug)]
pub(crate) struct ChunkTable {
    pub(crate) part: Part,
    pub(crate) target: TargetTable,
    /// What this attempt has done.
    pub(crate) counts: TableCounts,
    pub(crate) conflicts: Conflicts,
}

impl ChunkTable {
    pub(crate) fn new(part: Part, target: TargetTable) -> ChunkTable {
        ChunkTable { part, target, counts: TableCounts::default(), conflicts: Conflicts::default() }
    }
}
