//! Comparing the rows of two nodes while both work, and repairing them.
//!
//! Nothing is stopped and nothing locked. A pair of snapshots is opened, one of the source and then one of the
//! target that has everything that the first one sees. The queue's events tell the keys that changed between the two;
//! every other row must be the same. What changed is compared by the next pair. `docs/compare.md` tells why that is
//! exact.

mod ahead;
mod begin;
mod buckets;
mod collation;
mod column_type;
mod config;
mod crosswise;
mod difference;
mod ends;
mod error;
mod files;
mod hash;
mod hold;
mod hot;
mod look;
mod lookup;
mod outcome;
mod pace;
mod pair;
mod ranges;
mod repair;
mod repair_rows;
mod rest;
mod run;

mod self_test;
mod settle;
mod several;
mod shared;
mod side;
mod since;
mod subject;
mod sums;
mod task;
mod touched;
mod work;

pub use config::{Config, Observer, Valves};
pub use difference::{Difference, Kind};
pub use error::{Error, Result};
pub use outcome::Outcome;
pub use repair::{Repair, Repaired, repair};
pub use rest::{AtRest, Resting, at_rest, before_rest, known_equal};
pub use run::run;
pub use self_test::{SelfTest, self_test};
pub use side::Sides;
pub use subject::counts_only;
