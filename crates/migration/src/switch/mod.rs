//! Switch: the root of a queue moves to one of its leaves, and back.
//!
//! The new root is prepared while the old one works (`prepare`), the old one refuses changes and makes its last tick
//! ([`Freeze`]), and both change places (`swap`). What is done is recorded in both databases: whoever dies is gone on
//! with, or taken back (`take_back`). Until the old root has left it opens again by itself at the deadline.

mod freeze;
pub mod guard;
mod large_objects;
mod prepare;
mod sides;
mod swap;
mod take_back;

pub use freeze::{Drain, Freeze};
pub use large_objects::{Carried, carry_large_objects};
pub use pgq::standing::Standing;
pub use prepare::prepare;
pub use sides::Sides;
pub use swap::swap;
pub use take_back::{TakenBack, take_back};
