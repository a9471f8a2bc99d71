//! A node's worker: batch after batch from the provider into this node, and the states of its tables.
//!
//! A [`Worker`] runs until it is stopped or something fails; the databases hold its position, so it can be run again at once. Which tables are to
//! be copied now it says on a `watch` channel; who runs the copies, and where, is not its business.

mod ahead;
mod alone;
mod attempt;
mod config;
mod conflicts;
mod control;
mod copies;
mod error;
mod fkeys;
mod globs;
mod handover;
mod misfit;
mod parking;
mod portion;
mod position;
mod progress;
mod relax;
mod replay;
mod root;
mod script;
mod statistics;
mod subscriber;
mod unknown;
mod unsupported;
mod wake;
mod worker;

pub use apply::{MissingColumns, OnConflict};
pub use config::Config;
pub use copies::Slots;
pub use error::{Error, Result};
pub use globs::Globs;
pub use misfit::Misfit;
pub use worker::Worker;
