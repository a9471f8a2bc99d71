//! The typed SQL API of schemas pgq, pgq_node and londiste, and its installation.

mod bell;
pub mod maintenance;

pub use bell::Bell;
