//! Hooks of a switch: programs of the operator's, with the facts in their environment.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::both::Both;
use crate::londiste::support::job::Job;

/// What a hook is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Name and value.
    pub(super) pairs: Vec<(&'static str, String)>,
}

impl Facts {
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Facts {
        self.pairs.push((name, value.to_string()));
        self
    }
}

/// What every hook is told: the queue, both nodes and where the application is to connect.
pub(super) fn facts(both: &Both) -> Facts {
    Facts::default()
        .with("LONDISTE_QUEUE", &both.sides.queue)
        .with("LONDISTE_FROM", &both.sides.old_node.name)
        .with("LONDISTE_TO", &both.sides.new_node.name)
        .with("LONDISTE_TO_LOCATION", both.new_place())
}

/// Runs a hook by the shell, as long as `hook_timeout` allows.
///
/// # Errors
/// It ends with another code than 0, or does not end.
pub(super) async fn run(job: &Job, key: &str, hook: Option<&str>, facts: &Facts) -> Result<()> {
    let Some(hook) = hook else { return Ok(()) };
    run_within(job.settings.hook_timeout, key, hook, facts).await
}

async fn run_within(limit: Duration, key: &str, hook: &str, facts: &Facts) -> Result<()> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", hook])
        .envs(facts.pairs.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{key}: {hook}"))?;
    match tokio::time::timeout(limit, child.wait()).await {
        Ok(ended) => match ended.with_context(|| format!("{key}: {hook}"))? {
            status if status.success() => Ok(()),
            status => bail!("{key} ({hook}) failed: {status}"),
        },
        Err(_) => {
            // it is of no use any more, whether it hears of that or not
            _ = child.start_kill();
            bail!("{key} ({hook}) did not end within {} s (hook_timeout) and was ended", limit.as_secs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hook_knows_the_facts_and_its_code_counts() {
        let facts = Facts::default().with("LONDISTE_QUEUE", "migq");
        let second = Duration::from_secs(5);
        run_within(second, "hook_on_abort", "test \"$LONDISTE_QUEUE\" = migq", &facts).await.unwrap();
        let failed = run_within(second, "hook_on_abort", "exit 3", &facts).await.unwrap_err().to_string();
        assert!(failed.contains("hook_on_abort (exit 3) failed: exit status: 3"), "{failed}");
        let late = run_within(Duration::from_millis(50), "hook_on_abort", "sleep 60", &facts).await;
        assert!(late.unwrap_err().to_string().contains("did not end"));
    }
}
