//! End of a migration: whether it may end now ([`refusal()`]), and what could not be put back ([`not_back`]).

mod put_back;
mod refusal;

pub use put_back::{NotBack, not_back};
pub use refusal::{End, refusal};
