//! What capture writes, under every statement, type, change of the schema and attack.
#![cfg(test)]

mod check_capture;
mod definitions;
#[path = "../model/dice.rs"]
#[allow(dead_code, reason = "the model test uses more of it")]
mod dice;
mod golden;
mod hostile_types;
mod large_values;
mod light;
mod one_session;
mod replayed;
mod root;
mod shapes;
mod torture;
mod transaction_ids;
mod whoever_writes;
