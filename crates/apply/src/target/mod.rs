//! Tables of the target: columns, unique indexes, and how rows of events map to them.

pub(crate) mod column;
pub(crate) mod lacking_columns;
pub(crate) mod mapping;
pub(crate) mod partition_bounds;
pub(crate) mod reading;
pub(crate) mod survey;
pub(crate) mod table;
