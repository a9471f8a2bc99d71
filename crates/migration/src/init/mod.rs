//! The files that a migration starts with: three ini files, and a password file for each side that has a password.

mod files;
mod templates;
mod write;

pub use files::{File, Init, Problem};
pub use write::write;
