//! Guard: what is asked before the root refuses changes, and what its answers mean.

use anyhow::{Result, bail};
use migration::Verdict;
use migration::switch::guard::{self, Answer, Terms};

use super::arguments::{Arguments, LargeObjects};
use super::both::APPLICATION;
use super::both::Both;
use crate::londiste::support::job::Job;

/// Asks all points.
pub(super) async fn ask(job: &Job, both: &Both, arguments: &Arguments) -> Vec<Answer> {
    let terms = Terms {
        old_at: both.old_at.clone(),
        new_at: both.new_at.clone(),
        application: APPLICATION,
        schema: job.settings.schema_names(),
        capture: job.settings.capture,
        max_lag: arguments.max_lag,
        max_compare_age: arguments.max_compare_age,
        max_transaction: arguments.max_transaction,
        leaves_large_objects: arguments.large_objects != LargeObjects::Refuse,
    };
    guard::ask(&both.sides, &terms).await
}

/// Tells everything that was found; answers whether anything blocks.
pub(super) fn tell(job: &Job, answers: &[Answer], forced: &[String]) -> bool {
    for answer in answers {
        for found in &answer.findings {
            let verdict = match (found.verdict, answer.blocks(forced)) {
                (Verdict::Info, _) => "info",
                (_, true) if answer.point.is_hard => "blocker",
                (_, true) => "blocker (soft)",
                (_, false) => "overruled",
            };
            let remedy =
                if found.remedy.is_empty() { String::new() } else { format!("   → {}", found.remedy) };
            job.terminal.complain(&format!(
                "{verdict:<14} {:<13} {}: {}{remedy}",
                answer.point.name, found.object, found.found
            ));
        }
    }
    answers.iter().any(|answer| answer.blocks(forced))
}

/// Names of the soft points that block.
pub(super) fn soft_blockers(answers: &[Answer], forced: &[String]) -> Vec<&'static str> {
    let blocking = answers.iter().filter(|answer| answer.blocks(forced) && !answer.point.is_hard);
    blocking.map(|answer| answer.point.name).collect()
}

/// Asks once more, behind the last tick, what may have changed since.
///
/// # Errors
/// A table is parked, or has met a conflict.
pub(super) async fn again(both: &Both) -> Result<()> {
    let found = guard::at_rest(&both.sides).await?;
    let told: Vec<String> = found.iter().map(|found| format!("{} {}", found.object, found.found)).collect();
    if !told.is_empty() {
        bail!("{}", told.join("; "));
    }
    Ok(())
}
