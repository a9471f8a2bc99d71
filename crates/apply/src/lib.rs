//! Changes from events, folded per table and key, written set-wise in the caller's transaction.
//!
//! A batch's final state per key is all that matters. [`Decoder`] turns events into [`Change`]s, [`Applier`] gathers
//! them into chunks, folds each chunk to the last state of every key and writes each table with a handful of
//! statements. Where the way matters and not only the end (changed keys, rows without key, unique indexes in each
//! other's way), changes are written one by one in event order.

mod applied;
mod applier;
mod change;
mod conflict;
mod decode;
mod error;
mod options;
mod order;
mod session;
mod source;
mod target;
mod values;
mod write;

pub use crate::write::failed_tables::Failure;
pub use crate::write::gone_partition::has_rows_of;
pub use applied::{Applied, TableCounts};
pub use applier::Applier;
pub use applier::writing::Writing;
pub use change::{Change, Columns, Op, Row};
pub use conflict::{Conflict, Conflicts, ConflictsByTable, OnConflict};
pub use decode::{CHANGES, Control, Decoded, Decoder, Shapes};
pub use error::{Error, Result};
pub use options::{MissingColumns, Options};
pub use session::{begin, pin_session};
pub use source::Source;
pub use values::Values;
