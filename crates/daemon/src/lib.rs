//! Process: background, run directory, signals, supervision, logs, configuration.
//!
//! [`order::Launch`] is the whole of it: ini files in, a supervised process out. [`ini`] reads the files,
//! [`control`] speaks to a running process.

mod background;
mod comparing;
pub mod control;
mod drift;
mod error;
pub mod files;
pub mod hook;
pub mod ini;
mod launch;
mod links;
pub mod log;
mod metrics;
mod notify;
pub mod order;
mod orphans;
mod path;
pub mod pidfile;
mod process;
mod service;
mod signals;
pub mod socket;
pub mod stage;
mod stand_in;
mod status;
pub mod supervise;
mod telling;
pub mod throttling;
mod tick;
mod worker;

pub use error::{BoxError, Error, chain};
pub use ini::Ini;
