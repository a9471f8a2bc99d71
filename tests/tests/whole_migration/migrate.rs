//! `migrate`: the whole way up to "ready to switch", on two servers with ordinary roles, whatever happens on the way.

mod desk;
#[cfg(debug_assertions)]
mod killed;
mod troubles;
mod words;
