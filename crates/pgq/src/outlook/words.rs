//! Words for the stages of a migration.

use std::time::{Duration, SystemTime};

/// Two significant parts at most: `12 s`, `5 min`, `1 h 20 min`, `3 d`.
pub fn period(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 if seconds % 3600 < 60 => format!("{} h", seconds / 3600),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The same for what is not known exactly: `1 min`, `12 min`, `2 h`, `3 d`.
pub(super) fn about(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match minutes {
        0..90 => format!("{} min", minutes.max(1)),
        90..2880 => format!("{} h", (minutes + 30) / 60),
        _ => format!("{} d", (minutes + 720) / 1440),
    }
}

/// So long ago.
pub(super) fn since(time: SystemTime) -> String {
    period(time.elapsed().unwrap_or_default())
}

/// `1 table`, `12 tables`.
pub(super) fn number(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown = [5, 65, 3600, 3700, 200_000].map(|seconds| period(Duration::from_secs(seconds)));
        assert_eq!(shown, ["5 s", "1 min", "1 h", "1 h 1 min", "2 d"]);
        let shown = [0, 61, 5399, 5400, 200_000].map(|seconds| about(Duration::from_secs(seconds)));
        assert_eq!(shown, ["1 min", "2 min", "2 h", "2 h", "2 d"]);
        assert_eq!([number(1, "table"), number(2, "table")], ["1 table", "2 tables"]);
    }
}
