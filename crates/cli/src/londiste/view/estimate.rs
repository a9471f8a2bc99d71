//! Estimate of a migration as people and machines read it.

use std::time::Duration;

use migration::estimate::Estimate;
use serde_json::{Value, json};

use crate::londiste::view::duration::short;

/// One line.
pub(crate) fn line(estimate: &Estimate) -> String {
    let Estimate { sampled, bytes, read_rate, copy, comparison, changes, growth, connections, free, outage } =
        estimate;
    let lasts = |time: &Option<Duration>| time.map_or_else(|| "unknown".to_owned(), rounded);
    let rate =
        read_rate.map(|rate| format!(" at {} a second and connection", size(rate))).unwrap_or_default();
    let [source, target] = free.map(|free| free.map_or_else(|| "?".to_owned(), |free| free.to_string()));
    format!(
        "Estimate by {} s: copy of {} about {}{rate}, comparison about {}; event tables grow {} an hour ({changes:.1} \
         rows are written a second); {connections} connections are needed, {source} are free on the source, \
         {target} on the target; the switch refuses writes for about {}.",
        sampled.as_secs_f64().round(),
        size(*bytes),
        lasts(copy),
        lasts(comparison),
        size(*growth),
        rounded(*outage),
    )
}

/// Whole seconds, and a second at least.
fn rounded(time: Duration) -> String {
    short(Duration::from_secs_f64(time.as_secs_f64().ceil().max(1.0)))
}

fn size(bytes: f64) -> String {
    match bytes {
        _ if bytes < 1e3 => format!("{bytes:.0} bytes"),
        _ if bytes < 1e6 => format!("{:.0} kB", bytes / 1e3),
        _ if bytes < 1e9 => format!("{:.0} MB", bytes / 1e6),
        _ => format!("{:.1} GB", bytes / 1e9),
    }
}

/// For machines.
pub(crate) fn object(estimate: &Estimate) -> Value {
    let seconds = |time: &Option<Duration>| time.map(|time| time.as_secs_f64());
    json!({
        "sampled_seconds": estimate.sampled.as_secs_f64(),
        "bytes": estimate.bytes,
        "read_bytes_per_second": estimate.read_rate,
        "copy_seconds": seconds(&estimate.copy),
        "comparison_seconds": seconds(&estimate.comparison),
        "rows_written_per_second": estimate.changes,
        "event_bytes_per_hour": estimate.growth,
        "connections_needed": estimate.connections,
        "connections_free": { "source": estimate.free[0], "target": estimate.free[1] },
        "outage_seconds": estimate.outage.as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let mut estimate = Estimate {
            sampled: Duration::from_secs(10),
            bytes: 2.5e9,
            read_rate: Some(5e7),
            copy: Some(Duration::from_secs(50)),
            comparison: Some(Duration::from_millis(3_661_500)),
            changes: 12.34,
            growth: 1.2e6,
            connections: 11,
            free: [Some(18), None],
            outage: Duration::from_millis(2100),
        };
        assert_eq!(
            line(&estimate),
            "Estimate by 10 s: copy of 2.5 GB about 50s at 50 MB a second and connection, comparison about 1h1m2s; \
             event tables grow 1 MB an hour (12.3 rows are written a second); 11 connections are needed, 18 are free \
             on the source, ? on the target; the switch refuses writes for about 3s."
        );
        (estimate.read_rate, estimate.copy, estimate.comparison) = (None, None, None);
        assert!(line(&estimate).contains("copy of 2.5 GB about unknown, comparison about unknown;"));
        assert_eq!(object(&estimate)["copy_seconds"], Value::Null);
    }
}
