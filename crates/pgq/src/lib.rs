//! The typed SQL API of schemas `pgq`, `pgq_node`, `londiste` and `londiste_rs`, and its installation.
//!
//! Every function here is one call of the API on a connection the caller brings; transactions are the caller's.

pub mod batch;
pub mod bell;
pub mod between;
mod call;
pub mod comparison;
pub mod conflict;
pub mod error;
pub mod event;
pub mod fail_point;
pub mod identity;
pub mod install;
pub mod maintenance;
pub mod node;
pub mod observe;
mod parking;
pub mod position;
pub mod rename;
pub mod replay;
pub mod replicable;
pub mod report;
pub mod script;
pub mod seq;
pub mod skipped;
pub mod small;
pub mod snapshot;
pub mod table;

pub use batch::Batch;
pub use bell::Bell;
pub use error::{Error, Result};
pub use event::Event;
pub use report::Report;
pub use snapshot::Snapshot;
