//! The queue itself: ticks, rotation, concurrency, security, upgrade of what is installed.
#![cfg(test)]

mod installed_sql;
mod queue_concurrency;
mod sql_security;
mod stand_in;
mod stillness;
mod ticker;
mod upgrade;
