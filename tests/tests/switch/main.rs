//! The root moves to another node and back: freeze, change of places, interruption, way back, end.
#![cfg(test)]

mod abandoned;
mod comes_along;
mod completed;
mod drain;
mod ended_in_vain;
mod house_of_all_kinds;
mod killed;
mod live;
mod lost;
mod moved_schema;
mod pgbouncer;
mod random;
mod refusals;
mod scene;
mod stock_capture;
mod there_and_back;
mod writer;
