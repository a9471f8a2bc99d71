//! The guided migration: its steps in their order, the walk through them, and the record on the target.
//!
//! A step's question "is it done?" is asked of the servers each time. The record tells when, how often and how long a
//! step was worked on; it decides nothing.

mod record;
mod relation;
mod step;
mod walk;

pub use record::{Record, Refused};
pub use relation::{Cleaning, Relation, bytes, relations, sequences_of, to_be_cleaned};
pub use step::Step;
pub use walk::{Conductor, Ending, Entry, Standing, State, plan, walk};
