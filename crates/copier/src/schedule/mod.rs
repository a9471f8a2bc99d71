//! Order of copies: who gets connections next, and who is copied along.

pub(crate) mod connections;
pub(crate) mod group;
pub(crate) mod permits;
pub(crate) mod priority;
pub mod small;
pub(crate) mod turn;
