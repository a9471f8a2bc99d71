//! Changes written into a real server.

mod capture;
mod cluster;
mod histories;
mod value_types;
