//! Statements over rows: what is sent, in which mode, and what follows a refusal.

pub(crate) mod chunk;
pub(crate) mod deferred_checks;
pub(crate) mod encoding;
pub(crate) mod failed_tables;
pub(crate) mod gone_partition;
pub(crate) mod mode;
pub(crate) mod net_changes;
pub(crate) mod parameter;
pub(crate) mod partition_rows;
pub(crate) mod pipeline;
pub(crate) mod planning;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod row_by_row;
pub(crate) mod sending;
pub(crate) mod statement;
pub(crate) mod step;
pub(crate) mod table;
pub(crate) mod truncate;
