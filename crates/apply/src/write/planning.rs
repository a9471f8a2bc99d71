//! Planning of the statements of a chunk.
//!
//! The server plans a prepared statement by the sizes that its tables have when they are first used: small ones, after
//! a TRUNCATE or at the start of an application, are read as a whole and hashed, and the plan stays while they grow,
//! until they are analyzed. Rows that an index finds by their keys are looked for by it, whatever the sizes.

use crate::target::table::Plan;
use crate::write::statement::Shape;

/// Rows are found by indexes: in force from the beginning of a chunk. A way that is off counts as expensive where there
/// is no other, which is no reason to compile the statement.
pub(crate) const BY_INDEX: &str = "set local enable_seqscan = off; set local enable_bitmapscan = off; \
    set local enable_hashjoin = off; set local enable_mergejoin = off; set local plan_cache_mode = force_generic_plan; \
    set local jit = off";

/// The server estimates which way is the best.
pub(crate) const AS_ESTIMATED: &str = "set local enable_seqscan to default; set local enable_bitmapscan to default; \
    set local enable_hashjoin to default; set local enable_mergejoin to default; set local plan_cache_mode to default; \
    set local jit to default";

/// Whether the statement finds several rows at once, and no index finds them.
pub(crate) fn needs_estimates(plan: &Plan, shape: &Shape) -> bool {
    match shape {
        Shape::Update { key, .. }
        | Shape::Put { key, .. }
        | Shape::Delete { key }
        | Shape::Missing { key } => !plan.finds_rows_by(key),
        Shape::DeleteEquals { .. } => true,
        Shape::Insert { .. } | Shape::UpdateOne { .. } | Shape::DeleteOne { .. } => false,
    }
}
