//! The root moves to another node and back: freeze, change of places, interruption, way back, end.
#![cfg(test)]

mod abandoned;
mod completed;
mod ended_in_vain;
mod house_of_all_kinds;
mod killed;
mod there_and_back;
mod ticking;
mod writer;
