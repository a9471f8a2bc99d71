//! What the process does when things do not go well.

use std::time::Duration;

use serde::Deserialize;

/// `on_failure`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OnFailure {
    /// A part that fails is started again, however often.
    #[default]
    Retry,
    /// After `max_failures` in a row the process ends, with an exit code.
    Exit,
}

impl TryFrom<String> for OnFailure {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        match name.trim().to_lowercase().as_str() {
            "retry" => Ok(OnFailure::Retry),
            "exit" => Ok(OnFailure::Exit),
            _ => Err("expected retry or exit"),
        }
    }
}

/// `on_failure`, `max_failures`, `stop_timeout` of either section.
#[derive(Debug, Clone, Copy)]
pub struct Endurance {
    /// What follows when a part fails without end.
    pub on_failure: OnFailure,
    /// How many failures in a row, without progress, are without end.
    pub max_failures: u32,
    /// How long a graceful stop may take.
    pub stop_timeout: Duration,
}

pub(super) fn failures() -> usize {
    10
}

pub(super) fn stop_timeout() -> Duration {
    Duration::from_secs(300)
}
