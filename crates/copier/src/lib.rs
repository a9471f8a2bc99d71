//! Initial copy of tables: plan, stream, rebuild, catch up, hand over.
//!
//! A [`Copier`] brings one table from `in-copy` to `ok`. It can be stopped, killed and run again at any point: what it
//! has to know is in the target's `londiste.table_info` and `pgq_node.local_state`, written in the same transactions as
//! the rows.

mod chunked;
mod config;
mod copier;
mod drive;
mod error;
mod indexes;
mod outcome;
mod progress;
mod refusals;
mod rows;
mod schedule;
mod states;
mod throttle;

pub use crate::throttle::gate::Limits;
pub use crate::throttle::state::Throttle;
pub use config::Config;
pub use copier::{Copier, Copiers};
pub use error::{Error, Result};
pub use schedule::small;
