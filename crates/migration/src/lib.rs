//! What an operator does once. Preflight: checks of source, target and this machine before anything of ours is
//! installed. [`steps`]: the guided migration. [`switch`]: the root moves. [`complete`]: the migration ends. [`drift`]:
//! whether definitions stay the same while it goes on.
//!
//! A [`Check`] asks one question, mostly by one query to the catalogs in a read-only transaction with a time limit.
//! A check that fails is answered with [`Verdict::Unchecked`], and the others go on.

mod ask;
mod beside;
mod catalog;
mod check;
mod checks;
mod choice;
pub mod complete;
mod config;
mod context;
pub mod drift;
mod error;
pub mod estimate;
mod finding;
pub mod init;
mod place;
mod run;
pub mod schema;
mod session;
pub mod steps;
pub mod switch;

pub use check::Check;
pub use choice::{Unknown, choose, names};
pub use config::Config;
pub use error::Error;
pub use finding::{Finding, Verdict};
pub use place::Place;
pub use run::{Answer, run};
