//! `preflight`: each check is made to fail on real servers, names its remedy, and is in order again when that is done.

mod case;
mod machine;
mod of_both;
mod of_source;
mod page;
mod refused;
mod servers;
mod sides;
mod structure;
