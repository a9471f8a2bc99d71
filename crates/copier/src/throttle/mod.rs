//! Limits on copied bytes: rate, hours, brake, pause.

pub(crate) mod brake;
pub(crate) mod gate;
pub(crate) mod probe;
pub(crate) mod state;
pub(crate) mod valve;
pub(crate) mod window;
