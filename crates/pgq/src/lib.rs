//! The typed SQL API of schemas pgq, pgq_node and londiste, and its installation.

mod event;

pub use event::Event;
