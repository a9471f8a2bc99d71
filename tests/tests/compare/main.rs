//! `compare` and `repair`, while both sides work.
#![cfg(test)]

mod alike;
mod many;
mod often;
mod online;
mod slices;
mod writer;
