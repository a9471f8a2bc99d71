//! Worker of a node: batch after batch from the provider into this node, and the states of its tables.
//!
//! A [`Worker`] runs until it is stopped or something fails; the databases hold its position, so it can be run again at
//! once. Which tables are to be copied now it says on a `watch` channel; who runs the copies, and where, is not its
//! business. Of several processes with the same ini file one works, the others stand by.

mod attempt;
mod batch_size;
mod batch_start;
mod care;
mod config;
mod conflicts;
mod control;
mod copies;
mod definitions;
mod due;
mod ended;
mod error;
mod foreign_keys;
mod giving;
mod globs;
mod gone_partitions;
mod hand_over;
mod identity;
mod leaf;
mod misfit;
mod node_lock;
mod parking;
mod position;
mod progress;
mod read_ahead;
mod relax;
mod replay;
mod root;
mod run;
mod script;
mod single_worker;
mod slots;
mod standby;
mod statistics;
mod stillness;
mod subscriber;
mod ticks;
mod unknown;
mod unsupported;
mod wake;
mod watch;
mod worker;

pub use apply::{MissingColumns, OnConflict};
pub use config::Config;
pub use error::{Error, Result};
pub use globs::Globs;
pub use misfit::Misfit;
pub use run::Found;
pub use slots::{Slots, Small};
pub use worker::Worker;
