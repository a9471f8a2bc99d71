//! Waits before the freeze: a time of day, a file that has to go.

use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use jiff::civil::Time;
use jiff::{Timestamp, Zoned};

use super::arguments::Arguments;
use crate::londiste::support::job::Job;

/// How often it is looked for the file.
const LOOK: Duration = Duration::from_millis(250);

/// When the freeze shall begin.
///
/// # Errors
/// The text is no time.
pub(super) fn time(text: &str) -> Result<SystemTime> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.into());
    }
    let Ok(time) = text.parse::<Time>() else {
        bail!("--at {text} is no time: give a time of day, 03:00, or 2026-11-30T03:00+01:00");
    };
    let now = Zoned::now();
    let mut at = now.with().time(time).build()?;
    if at <= now {
        at = at.tomorrow()?;
    }
    Ok(at.timestamp().into())
}

/// Waits until both allow it.
pub(super) async fn until_allowed(job: &Job, arguments: &Arguments) -> Result<()> {
    if let Some(text) = &arguments.at {
        let at = time(text)?;
        let left = at.duration_since(SystemTime::now()).unwrap_or_default();
        job.terminal.say(&format!("the freeze begins in {} s (--at {text})", left.as_secs()));
        tokio::time::sleep(left).await;
    }
    if let Some(file) = &arguments.postpone_file
        && file.exists()
    {
        job.terminal.say(&format!("the freeze begins when {} is gone", file.display()));
        while file.exists() {
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let soon = time("23:59:59").unwrap();
        assert!(soon.duration_since(SystemTime::now()).unwrap() <= Duration::from_secs(86_400));
        let past = time("2020-01-01T00:00:00Z").unwrap();
        assert!(past < SystemTime::now());
        assert!(time("soon").unwrap_err().to_string().contains("--at soon is no time"));
    }
}
