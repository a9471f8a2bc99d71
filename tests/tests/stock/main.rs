//! Beside the stock tools and in their place: same answers, same ini files, same triggers.
#![cfg(test)]

mod conformance;
mod mixed;
mod stock_triggers;
mod stock_ways;
mod unsupported;
