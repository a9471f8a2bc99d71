//! Initial copy of tables: plan, stream, rebuild, catch up, hand over.
//!
//! A [`Copier`] brings one table from `in-copy` to `ok`. It can be stopped, killed and run again at any point: what it has to know
//! is in the target's `londiste.table_info` and `pgq_node.local_state`, written in the same transactions as the rows.

mod brake;
mod catch_up;
mod chunks;
mod columns;
mod company;
mod config;
mod connections;
mod copier;
mod crew;
mod crowd;
mod error;
mod files;
mod format;
mod gate;
mod in_copy;
mod indexes;
mod kept;
mod left_out;
mod plan;
mod portions;
mod position;
mod probe;
mod progress;
mod ranges;
mod rank;
mod reconcile;
mod replay;
mod run;
mod staging;
mod tables;
mod together;
mod tree;
mod whole;
mod window;

pub use config::Config;
pub use copier::{Copier, Copiers};
pub use error::{Error, Result};
pub use gate::Limits;
