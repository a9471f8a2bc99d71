//! Outlook of a migration: where it stands, and what comes next.
//!
//! Workers keep an [`Outlook`] of their nodes in their reports, and commands take one from the databases (`look`);
//! both tell the migration's [`Stage`] from the outlooks of a queue's nodes by `stage`, and by nothing else.

mod facts;
mod look;
mod stage;
mod words;

pub use facts::{Outlook, TableOutlook};
pub use look::{is_known, look, sizes};
pub use stage::{Next, Situation, Stage, State, stage};
pub use words::period;
