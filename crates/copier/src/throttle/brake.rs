//! Brake of copies while the source suffers: how much, and for how long.

use std::time::Duration;

/// Copies are never slowed down below this many bytes a second: they would never end.
const SLOWEST: f64 = 65_536.0;
/// What is left of the speed after each look that finds the source suffering.
const LESS: f64 = 0.5;
/// What the speed grows by after each look that finds it well.
const MORE: f64 = 1.25;
/// So many looks in a row have to find the source suffering: a single answer may be late for any reason.
const LOOKS: u32 = 2;

/// Thresholds; `None`: that measure does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Thresholds {
    pub(crate) latency: Option<Duration>,
    pub(crate) lag: Option<Duration>,
    /// Sessions that are at work on the source.
    pub(crate) sessions: Option<u64>,
    /// Bytes of room where this process writes: not too much, but too little.
    pub(crate) room: Option<u64>,
}

/// What a look at the source, and at the disk here, has found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Look {
    /// How long the source took to answer a tiny query.
    pub(crate) latency: Duration,
    /// Age of the oldest tick that the node's worker has not applied; zero where it has them all.
    pub(crate) lag: Duration,
    /// Sessions at work on the source, but ours; as many as our role may see.
    pub(crate) sessions: u64,
    /// Bytes of room; `None` where that is not known.
    pub(crate) room: Option<u64>,
}

impl Thresholds {
    pub(crate) fn is_none(&self) -> bool {
        !self.ask_the_source() && self.room.is_none()
    }

    /// Whether the source is to be asked.
    pub(crate) fn ask_the_source(&self) -> bool {
        self.latency.is_some() || self.lag.is_some() || self.sessions.is_some()
    }

    /// What is too much in a look, for people: key, what was found, and the key's value.
    pub(crate) fn exceeded(&self, look: &Look) -> Option<String> {
        let over = |threshold: Option<Duration>, found: Duration| threshold.filter(|most| found > *most);
        if let Some(most) = over(self.latency, look.latency) {
            let (found, most) = (look.latency.as_secs_f64(), most.as_secs_f64());
            return Some(format!("copy_brake_latency: {found:.2} s, limit {most} s"));
        }
        if let Some(most) = over(self.lag, look.lag) {
            let (found, most) = (look.lag.as_secs_f64(), most.as_secs_f64());
            return Some(format!("copy_brake_lag: {found:.0} s, limit {most} s"));
        }
        if let Some(most) = self.sessions.filter(|most| look.sessions > *most) {
            return Some(format!("copy_brake_sessions: {} active, limit {most}", look.sessions));
        }
        let (reserve, room) = (self.room?, look.room?);
        (room < reserve)
            .then(|| format!("disk_reserve: {} MB of room, limit {} MB", room >> 20, reserve >> 20))
    }
}

/// Halves the speed as long as the source suffers, then lets it grow again until it is what it was.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    /// Bytes a second that copies may read; `None`: it is released.
    limit: Option<f64>,
    /// The speed when it was pressed first.
    former: f64,
    suffered: u32,
}

impl Brake {
    /// Learns what a look has found while copies read `speed` bytes a second; answers how many they may read from now
    /// on.
    pub(crate) fn judge(&mut self, suffers: bool, speed: f64) -> Option<u64> {
        if suffers {
            self.suffered += 1;
            if self.suffered >= LOOKS {
                self.former = self.former.max(speed);
                let now = self.limit.map_or(speed, |limit| limit.min(speed.max(limit * LESS)));
                self.limit = Some((now * LESS).max(SLOWEST));
            }
        } else {
            self.suffered = 0;
            self.limit = self.limit.map(|limit| limit * MORE).filter(|limit| *limit < self.former);
            if self.limit.is_none() {
                self.former = 0.0;
            }
        }
        self.limit.map(|limit| limit as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_the_speed_until_the_source_is_well_and_gives_it_back_step_by_step() {
        let mut brake = Brake::default();
        let full = 8_000_000.0;
        assert_eq!(brake.judge(true, full), None, "one late answer is none");
        assert_eq!(brake.judge(true, full), Some(4_000_000));
        assert_eq!(brake.judge(true, 4_000_000.0), Some(2_000_000));
        // what flowed before the limit held does not count twice
        assert_eq!(brake.judge(true, 3_000_000.0), Some(1_000_000));
        assert_eq!(brake.judge(false, 1_000_000.0), Some(1_250_000));
        let mut seconds = 0;
        while brake.judge(false, 0.0).is_some() {
            seconds += 1;
        }
        assert!((5..15).contains(&seconds), "{seconds}");
        assert_eq!(brake.judge(true, full), None);
    }

    #[test]
    fn copies_never_stand_still_for_it() {
        let mut brake = Brake::default();
        for _ in 0..100 {
            brake.judge(true, 0.0);
        }
        assert_eq!(brake.judge(true, 0.0), Some(65_536));
    }

    #[test]
    fn each_threshold_is_told_by_its_name() {
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        let thresholds = Thresholds {
            latency: seconds(0.2),
            lag: seconds(30.0),
            sessions: Some(40),
            room: Some(100 << 20),
        };
        let look = |latency, lag| Look {
            latency: Duration::from_secs_f64(latency),
            lag: Duration::from_secs_f64(lag),
            sessions: 40,
            room: Some(100 << 20),
        };
        let exceeded = |look| thresholds.exceeded(&look).unwrap();
        assert_eq!(thresholds.exceeded(&look(0.1, 20.0)), None);
        assert_eq!(exceeded(look(0.41, 20.0)), "copy_brake_latency: 0.41 s, limit 0.2 s");
        assert_eq!(exceeded(look(0.1, 31.0)), "copy_brake_lag: 31 s, limit 30 s");
        let busy = Look { sessions: 41, ..look(0.1, 1.0) };
        assert_eq!(exceeded(busy), "copy_brake_sessions: 41 active, limit 40");
        let short = Look { room: Some(80 << 20), ..look(0.1, 1.0) };
        assert_eq!(exceeded(short), "disk_reserve: 80 MB of room, limit 100 MB");
        assert_eq!(thresholds.exceeded(&Look { room: None, ..short }), None);
        let look = |latency, lag| Look { sessions: 500, room: Some(0), ..look(latency, lag) };
        assert_eq!(Thresholds::default().exceeded(&look(9.0, 9.0)), None);
    }
}
