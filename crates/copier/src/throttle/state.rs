//! State of the gate: what copies may do now, and why no more.

use std::fmt;
use std::time::Duration;

use crate::throttle::brake::Thresholds;
use crate::throttle::window::Window;

/// What copies may do now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    /// Bytes a second, all copies together; `None`: as fast as it goes.
    pub(crate) bytes_per_second: Option<u64>,
    /// What an operator has said meanwhile.
    pub(crate) throttle: Throttle,
    /// Tables copied at the same time, and so the connections to each side.
    pub(crate) copies: usize,
    /// No byte is to be read.
    pub(crate) held: bool,
    /// When rows may be read.
    pub(crate) window: Window,
    /// When the brake is to be pressed.
    pub(crate) thresholds: Thresholds,
    /// The brake is pressed.
    pub(crate) braked: Option<Braked>,
}

/// What an operator has said to a process that runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttle {
    /// Bytes a second in place of `copy_rate_limit`; 0: no limit; `None`: what the ini file says.
    pub rate: Option<u64>,
    /// No row is read.
    pub is_paused: bool,
    /// It holds for the next process too.
    pub is_kept: bool,
}

/// How hard the brake is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Braked {
    /// Bytes a second that all copies together may read.
    pub(crate) bytes_per_second: u64,
    /// Why, for people.
    pub(crate) why: String,
}

impl State {
    /// Bytes a second by the ini file, or by the operator's word; `None`: as fast as it goes.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.throttle.rate.or(self.bytes_per_second).filter(|rate| *rate > 0)
    }

    /// The lowest rate that holds now.
    pub(crate) fn rate(&self) -> Option<u64> {
        let braked = self.braked.as_ref().map(|braked| braked.bytes_per_second);
        [self.limit(), braked].into_iter().flatten().filter(|rate| *rate > 0).min()
    }

    /// What keeps copies from asking for rows.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        if self.held {
            return Some(Obstacle::Paused);
        }
        let throttled = self.throttle.is_paused.then_some(Obstacle::Throttled);
        throttled.or_else(|| self.window.opens_in().map(Obstacle::Window))
    }

    /// Why rows are read no faster; `None`: as fast as it goes. `waited`: bytes have just waited for the rate.
    pub(crate) fn reason(&self, waited: bool) -> Option<String> {
        if let Some(obstacle) = self.obstacle() {
            return Some(obstacle.to_string());
        }
        let limit = self.limit();
        if let Some(Braked { bytes_per_second, why }) = &self.braked
            && limit.is_none_or(|limit| limit > *bytes_per_second)
        {
            return Some(format!("held by {why}; {}", rate(*bytes_per_second)));
        }
        let key = if self.throttle.rate.is_some() { "throttle --rate" } else { "copy_rate_limit" };
        limit.filter(|_| waited).map(|limit| format!("held by {key}: {}", rate(limit)))
    }

    /// What holds, a line each.
    pub(crate) fn describe(&self) -> Vec<String> {
        let shown = |limit: Option<u64>| limit.map_or("no limit".to_owned(), rate);
        let Throttle { rate: said, is_paused, is_kept } = self.throttle;
        let until = if is_kept { "kept" } else { "until the next start" };
        let ini = self.bytes_per_second.filter(|rate| *rate > 0);
        let mut lines = vec![match said {
            Some(_) => {
                format!("rate: {} (throttle, {until}); copy_rate_limit: {}", shown(self.limit()), shown(ini))
            }
            None => format!("rate: {} (copy_rate_limit)", shown(ini)),
        }];
        if is_paused {
            lines.push(format!("paused: by throttle ({until})"));
        }
        if self.held {
            lines.push("paused: with the worker (pause)".to_owned());
        }
        if let Some(wait) = self.window.opens_in() {
            lines.push(format!("window: closed, opens in {}", period(wait)));
        }
        let Thresholds { latency, lag, sessions, room } = self.thresholds;
        let seconds =
            |key: &str, most: Option<Duration>| most.map(|most| format!("{key} {} s", most.as_secs_f64()));
        let brake = [
            seconds("copy_brake_latency", latency),
            seconds("copy_brake_lag", lag),
            sessions.map(|most| format!("copy_brake_sessions {most}")),
            room.map(|least| format!("disk_reserve {} MB", least >> 20)),
        ];
        let brake: Vec<String> = brake.into_iter().flatten().collect();
        lines.push(match &self.braked {
            Some(Braked { bytes_per_second, why }) => {
                format!("brake: {}, held by {why}", rate(*bytes_per_second))
            }
            None if brake.is_empty() => "brake: none is set".to_owned(),
            None => format!("brake: released ({})", brake.join(", ")),
        });
        lines
    }

    /// No byte may pass.
    pub(crate) fn is_held(&self) -> bool {
        self.held || self.throttle.is_paused
    }
}

/// What keeps a copy from asking for rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The worker is paused, and its copies with it.
    Paused,
    /// An operator holds the copies.
    Throttled,
    /// The window is closed, for so long.
    Window(Duration),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Paused => f.write_str("held by pause"),
            Obstacle::Throttled => f.write_str("held by throttle --pause"),
            Obstacle::Window(wait) => write!(f, "waiting for its window, which opens in {}", period(*wait)),
        }
    }
}

fn rate(bytes_per_second: u64) -> String {
    format!("{} kB/s", bytes_per_second / 1024)
}

/// Rounded up to seconds or minutes.
fn period(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match minutes {
        0..2 => format!("{} s", time.as_secs().max(1)),
        2..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_rounded_up() {
        let shown = [0, 61, 119, 121, 3599, 3600, 3661].map(|seconds| period(Duration::from_secs(seconds)));
        assert_eq!(shown, ["1 s", "2 min", "2 min", "3 min", "1 h 0 min", "1 h 0 min", "1 h 2 min"]);
    }

    #[test]
    fn what_slows_copies_down_most_is_told() {
        let mut state = State { bytes_per_second: Some(500 << 10), ..State::default() };
        assert_eq!(state.reason(false), None, "nobody had to wait");
        assert_eq!(state.reason(true).unwrap(), "held by copy_rate_limit: 500 kB/s");
        state.throttle.rate = Some(5 << 20);
        assert_eq!(state.reason(true).unwrap(), "held by throttle --rate: 5120 kB/s");
        let why = "copy_brake_latency: 0.31 s, limit 0.2 s".to_owned();
        state.braked = Some(Braked { bytes_per_second: 1 << 20, why });
        assert_eq!(state.reason(true).unwrap(), "held by copy_brake_latency: 0.31 s, limit 0.2 s; 1024 kB/s");
        state.throttle.rate = Some(1 << 10);
        assert_eq!(state.reason(true).unwrap(), "held by throttle --rate: 1 kB/s");
        state.throttle.is_paused = true;
        assert_eq!(state.reason(false).unwrap(), "held by throttle --pause");
        assert_eq!(
            state.describe(),
            [
                "rate: 1 kB/s (throttle, until the next start); copy_rate_limit: 500 kB/s",
                "paused: by throttle (until the next start)",
                "brake: 1024 kB/s, held by copy_brake_latency: 0.31 s, limit 0.2 s"
            ]
        );
        state.throttle = Throttle { rate: Some(0), is_paused: false, is_kept: true };
        state.braked = None;
        assert_eq!(state.reason(true), None);
        assert_eq!(state.describe()[0], "rate: no limit (throttle, kept); copy_rate_limit: 500 kB/s");
    }
}
