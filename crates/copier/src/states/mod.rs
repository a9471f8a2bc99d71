//! States of a copy, from `in-copy` to `ok`, and the record that lets another process go on.

pub(crate) mod catch_up;
pub(crate) mod copy_record;
pub(crate) mod group_state;
pub(crate) mod in_copy;
pub(crate) mod replay;
pub(crate) mod subscribe;
pub(crate) mod transition;
