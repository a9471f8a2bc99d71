//! Changes written into a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ahead;
mod capture;
mod cluster;
mod collisions;
mod conflicts;
mod edges;
mod gone_keys;
mod growing;
mod hostile_types;
mod injected;
mod late_keys;
mod light;
mod partitions;
mod proxy;
mod skip;
mod value_types;
