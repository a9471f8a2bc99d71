//! The root moves to another node and back: freeze, change of places, interruption, way back.
#![cfg(test)]

mod drain;
mod killed;
mod lost;
mod refusals;
mod scene;
mod there_and_back;
mod ticking;
mod writer;
