//! Death, crashes, cut connections, full disks, restored backups: what people fear at night.
#![cfg(test)]

mod crash;
mod durability;
mod fail_points;
mod lost_connections;
mod reposition;
mod resilience;
mod same_node_again;
mod set_back;
mod set_back_copy;
mod soak_ddl;
mod standby;
mod surroundings;
