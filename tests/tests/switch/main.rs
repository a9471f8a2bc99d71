//! The root moves to another node and back: freeze, change of places, interruption, way back.
#![cfg(test)]

mod comes_along;
mod drain;
mod killed;
mod lost;
mod random;
mod refusals;
mod scene;
mod there_and_back;
mod writer;
