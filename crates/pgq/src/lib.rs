//! Typed SQL API of schemas `pgq`, `pgq_node`, `londiste` and `londiste_rs`, and its installation.
//!
//! Every function here is one call of the API on a connection the caller brings; transactions are the caller's. No SQL
//! elsewhere in Rust names these schemas. A function that answers an [`error::Answer`] leaves the words for a failure
//! to its caller.

mod advisory;
pub mod batch;
pub mod between;
mod call;
pub mod collected_fkeys;
pub mod compared;
pub mod comparison;
pub mod conflict;
pub mod copy;
pub mod definitions;
pub mod drift;
pub mod error;
pub mod event;
pub mod foreign_key;
pub mod identity;
pub mod install;
pub mod maintenance;
pub mod migration;
pub mod node;
pub mod observe;
pub mod outlook;
pub mod own_form;
mod parking;
pub mod partition;
mod portions;
pub mod position;
pub mod problem;
pub mod queue;
pub mod reading;
pub mod remains;
pub mod rename;
pub mod replay;
pub mod replicable;
pub mod script;
pub mod seq;
pub mod session_name;
pub mod shape;
pub mod skipped;
pub mod snapshot;
pub mod stand_in;
pub mod standing;
pub mod stillness;
pub mod switch;
pub mod table;
pub mod tick_lock;
pub mod tick_watch;
pub mod uninstall;
mod verdict;
pub mod worker_lock;

pub use batch::Batch;
pub use error::{Error, Result};
pub use event::Event;
pub use session_name::{Purpose, SessionName};
pub use snapshot::Snapshot;
pub use stand_in::StandIn;
