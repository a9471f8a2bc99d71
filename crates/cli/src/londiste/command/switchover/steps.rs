//! Steps of a switch, told one by one.

use std::time::{Duration, Instant};

use crate::londiste::support::job::Job;

/// Tells a step that began then.
pub(super) fn step(job: &Job, name: &str, what: &str, began: Instant) {
    say(job, name, what, began.elapsed());
}

/// Tells a step that took so long.
pub(super) fn say(job: &Job, name: &str, what: &str, took: Duration) {
    job.terminal.say(&format!("{name:<10} {what}   {:.1} s", took.as_secs_f64()));
}
