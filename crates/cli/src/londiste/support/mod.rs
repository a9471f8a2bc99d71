//! Helpers that several commands share.

pub(crate) mod batch_outcome;
pub(crate) mod foreign_keys;
pub(crate) mod install;
pub(crate) mod job;
pub(crate) mod kind;
pub(crate) mod name_pattern;
pub(crate) mod outcome;
pub(crate) mod outlooks;
pub(crate) mod public_location;
pub(crate) mod retry_on_lock;
pub(crate) mod schema_names;
pub(crate) mod selection;
pub(crate) mod skip_columns;
pub(crate) mod wait_for_worker;
pub(crate) mod wait_until_known;
pub(crate) mod way_to_source;
