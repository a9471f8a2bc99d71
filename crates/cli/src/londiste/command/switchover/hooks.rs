//! Hooks of a switch: what they are told.

use anyhow::Result;
use daemon::hook::{self, Facts};

use super::both::Both;
use crate::londiste::support::job::Job;

/// What every hook is told: the queue, both nodes and where the application is to connect.
pub(super) fn facts(both: &Both) -> Facts {
    Facts::default()
        .with("LONDISTE_QUEUE", &both.sides.queue)
        .with("LONDISTE_FROM", &both.sides.old_node.name)
        .with("LONDISTE_TO", &both.sides.new_node.name)
        .with("LONDISTE_TO_LOCATION", both.new_place())
}

/// Runs a hook, where there is one.
///
/// # Errors
/// It ends with another code than 0, or does not end.
pub(super) async fn run(job: &Job, key: &'static str, hook: Option<&str>, facts: &Facts) -> Result<()> {
    let Some(hook) = hook else { return Ok(()) };
    Ok(hook::run(key, hook, job.settings.hook_timeout, facts).await?)
}
