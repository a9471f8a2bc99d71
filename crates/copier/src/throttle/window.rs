//! Hours of a day in which copies read the source.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Ranges of hours; none of them means at any time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Window {
    ranges: Vec<Hours>,
    /// The machine's where none is stated.
    zone: Option<TimeZone>,
}

/// From `begin` to before `end`; over midnight where that comes earlier. An end of 00:00 is midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hours {
    begin: Time,
    end: Time,
}

/// What a window looks like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    zone: bool,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected hours as 22:00-06:00, several with commas between them, \
             and behind them a time zone such as Europe/Berlin, where it is not the machine's",
        )?;
        if self.zone { f.write_str("; this machine knows no time zone of that name") } else { Ok(()) }
    }
}

impl FromStr for Window {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Window, Malformed> {
        let text = text.trim();
        // the zone is the last word that begins with a letter
        let begin = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (hours, zone) = text.split_at(begin);
        let zone = match zone {
            "" => None,
            name => Some(TimeZone::get(name.trim()).map_err(|_| Malformed { zone: true })?),
        };
        let ranges: Result<Vec<Hours>, Malformed> = hours
            .trim()
            .split(',')
            .map(str::trim)
            .filter(|range| !range.is_empty())
            .map(|range| range.parse())
            .collect();
        let ranges = ranges?;
        if ranges.is_empty() && zone.is_some() {
            Err(Malformed { zone: false })
        } else {
            Ok(Window { ranges, zone })
        }
    }
}

impl FromStr for Hours {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Hours, Malformed> {
        let malformed = || Malformed { zone: false };
        let (begin, end) = text.split_once('-').ok_or_else(malformed)?;
        let end = match end.trim() {
            "24:00" => "00:00",
            end => end,
        };
        let hours =
            Hours { begin: time(begin.trim()).ok_or_else(malformed)?, end: time(end).ok_or_else(malformed)? };
        let whole_day = hours.begin == Time::midnight();
        if hours.begin == hours.end && !whole_day { Err(malformed()) } else { Ok(hours) }
    }
}

/// Hours and minutes.
fn time(text: &str) -> Option<Time> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| (1..=2).contains(&digits.len()).then(|| digits.parse::<i8>().ok()).flatten();
    Time::new(two(hours)?, two(minutes)?, 0, 0).ok()
}

impl Hours {
    fn contain(&self, time: Time) -> bool {
        if self.begin < self.end {
            (self.begin..self.end).contains(&time)
        } else {
            time >= self.begin || time < self.end
        }
    }
}

impl Window {
    /// How long it is still closed; `None` while it is open.
    pub(crate) fn opens_in(&self) -> Option<Duration> {
        if self.ranges.is_empty() { None } else { self.opens_after(Timestamp::now()) }
    }

    fn opens_after(&self, now: Timestamp) -> Option<Duration> {
        let now: Zoned = now.to_zoned(self.zone.clone().unwrap_or_else(TimeZone::system));
        if self.ranges.is_empty() || self.ranges.iter().any(|range| range.contain(now.time())) {
            return None;
        }
        // a begin that the clock leaves out (summer time) is the first instant behind it
        let begins = self.ranges.iter().flat_map(|range| {
            let today = now.date();
            let tomorrow = today.checked_add(1.day()).unwrap_or(today);
            [today, tomorrow].map(|day| day.to_datetime(range.begin).to_zoned(now.time_zone().clone()))
        });
        let next = begins.flatten().filter(|begin| *begin > now).min();
        next.map(|begin| begin.duration_since(&now).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes until it opens.
    fn closed(window: &str, now: &str) -> Option<u64> {
        let window: Window = window.parse().unwrap();
        window.opens_after(now.parse().unwrap()).map(|wait| wait.as_secs() / 60)
    }

    #[test]
    fn a_window_may_go_over_midnight_and_there_may_be_several() {
        let window = "22:00-06:00, 12:30-13:00 UTC";
        assert_eq!(closed(window, "2026-01-10T23:00Z"), None);
        assert_eq!(closed(window, "2026-01-10T05:59Z"), None);
        assert_eq!(closed(window, "2026-01-10T06:00Z"), Some(390));
        assert_eq!(closed(window, "2026-01-10T12:30Z"), None);
        assert_eq!(closed(window, "2026-01-10T13:00Z"), Some(540));
        assert_eq!(closed("01:00-02:00 UTC", "2026-01-10T02:00Z"), Some(23 * 60));
        assert_eq!(closed("18:00-24:00 UTC", "2026-01-10T23:59Z"), None);
        assert_eq!(closed("0:00-24:00 UTC", "2026-01-10T13:00Z"), None);
        assert_eq!(closed("", "2026-01-10T13:00Z"), None);
    }

    #[test]
    fn hours_are_those_of_the_zone_also_when_its_clock_is_put_forward() {
        assert_eq!(closed("22:00-06:00 Europe/Berlin", "2026-01-10T04:59Z"), None);
        assert_eq!(closed("22:00-06:00 Europe/Berlin", "2026-01-10T05:00Z"), Some(16 * 60));
        assert_eq!(closed("22:00-06:00 Europe/Berlin", "2026-07-10T04:00Z"), Some(16 * 60));
        // 02:30 does not exist on that night: it is 03:30, half an hour and an hour after 01:00
        assert_eq!(closed("02:30-04:00 Europe/Berlin", "2026-03-29T00:00Z"), Some(90));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in
            ["22-6", "22:00", "25:00-06:00", "22:00-22:00", "UTC", "22:00-06:00 Nowhere/City", "22:00-06:60"]
        {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
        let zone = "22:00-06:00 Nowhere/City".parse::<Window>().unwrap_err();
        assert!(zone.to_string().contains("no time zone of that name"), "{zone}");
    }
}
