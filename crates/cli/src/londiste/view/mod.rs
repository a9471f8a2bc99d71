//! Text and tables that commands print.

pub(crate) mod comparison;
pub(crate) mod copy_progress;
pub(crate) mod duration;
pub(crate) mod estimate;
pub(crate) mod findings;
pub(crate) mod migration;
pub(crate) mod node_object;
pub(crate) mod node_snapshot;
pub(crate) mod node_tree;
pub(crate) mod progress_bars;
pub(crate) mod schema;
pub(crate) mod table_keys;
pub(crate) mod text_table;
