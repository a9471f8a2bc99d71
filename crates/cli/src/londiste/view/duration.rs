//! Durations as people read them.

use std::time::Duration;

/// Days, hours, minutes and seconds, without the zeros: `2d3h4m15s`, `3s`, `0s`.
pub(crate) fn short(duration: Duration) -> String {
    let total = duration.as_secs();
    let parts = [(total / 86_400, 'd'), (total / 3600 % 24, 'h'), (total / 60 % 60, 'm'), (total % 60, 's')];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_short() {
        for (seconds, text) in [(0, "0s"), (3, "3s"), (60, "1m"), (255, "4m15s"), (183_855, "2d3h4m15s")] {
            assert_eq!(short(Duration::from_secs(seconds)), text);
        }
    }
}
