//! Format of log lines.

use serde::Deserialize;

/// How lines of a log file look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Format {
    /// Time, level, job and part, message.
    #[default]
    Text,
    /// One JSON object a line; on the terminal's place too where nobody sits, as under systemd.
    Json,
}

impl TryFrom<String> for Format {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        match name.trim().to_lowercase().as_str() {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            _ => Err("expected text or json"),
        }
    }
}
