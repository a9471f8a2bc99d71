//! Failure policy of the process.

use std::net::SocketAddr;
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

/// `on_failure`, `max_failures`, `stop_timeout`, `metrics_listen`, `metrics_hosts` of either section.
#[derive(Debug, Clone)]
pub struct FailurePolicy {
    /// What follows when a part fails without end.
    pub on_failure: OnFailure,
    /// How many failures in a row, without progress, are without end.
    pub max_failures: u32,
    /// How long a graceful stop may take.
    pub stop_timeout: Duration,
    /// Where the status page and the metrics are served.
    pub metrics_listen: Option<SocketAddr>,
    /// Names under which they may be asked for, besides addresses and this machine's own.
    pub metrics_hosts: Vec<String>,
}

/// `metrics_listen`: address and port, or a port of this machine's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl std::str::FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let local = text.parse::<u16>().ok().map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let address = local.or_else(|| text.replace("localhost:", "127.0.0.1:").parse().ok());
        address.map(Listen).ok_or("expected a port, or an IP address and a port, such as 127.0.0.1:9187")
    }
}
