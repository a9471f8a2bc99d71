//! Changes written into a real server.

mod capture;
mod cluster;
mod value_types;
