//! Changes written into a real server.

mod capture;
mod cluster;
mod edges;
mod histories;
mod value_types;
