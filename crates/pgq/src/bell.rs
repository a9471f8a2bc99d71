//! Wake-up hints.

/// Wakes the other parts of a process: something may be worth a look.
#[derive(Debug, Clone, Default)]
pub struct Bell;
