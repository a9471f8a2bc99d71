//! Step `preflight`: what stands in the way, before anything is installed. Blockers stop the migration.

use anyhow::Result;
use migration::steps::{Ending, Standing, Step};
use migration::{Answer, Verdict};

use crate::londiste::command::migrate::arguments::LargeObjects;
use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::side::counted;
use crate::londiste::command::preflight as checking;
use crate::londiste::view::findings;

/// Checks of the target's structure: the step that makes it compares everything.
const OF_SCHEMA: [&str; 5] = ["tables-missing", "columns", "key-differs", "enum-labels", "structure"];
/// The check that counts them.
const LARGE: &str = "large-objects";

/// Done once it has passed and everything has entered replication: nothing that comes later is new to it.
pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    if let Some(passed) = &course.memory.passed {
        return Ok(Standing::Done(passed.clone()));
    }
    let passed = course.recorded(Step::Preflight).await;
    // where the target does not answer, its check says why
    if let Ok(Some(passed)) = passed
        && passed.state == "done"
        && course.is_all_added().await?
    {
        return Ok(Standing::Done(passed.note.unwrap_or_default()));
    }
    if course.arguments.dry_run {
        let answers = made(course).await?;
        course.memory.is_blocked = !blockers(course, &answers).is_empty();
        if !course.arguments.json {
            course.target.terminal.print(&findings::describe(&answers, Verdict::Warning));
        }
        return Ok(Standing::Open(match course.memory.is_blocked {
            true => format!("would stop here: {}", blockers(course, &answers).join("; ")),
            false => findings::closing(&answers),
        }));
    }
    Ok(Standing::Open("checks of both servers and of this machine".to_owned()))
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let answers = made(course).await?;
    course.target.terminal.say(&findings::describe(&answers, Verdict::Warning));
    let blockers = blockers(course, &answers);
    if !blockers.is_empty() {
        return Ok(Ending::Partly(format!(
            "{}: {}; mend them, or leave the table out by naming those that are to come, or the check: --skip NAME",
            counted(blockers.len(), "blocker"),
            blockers.join("; ")
        )));
    }
    let passed = findings::closing(&answers);
    course.memory.passed = Some(passed.clone());
    Ok(Ending::Done(passed))
}

/// The answers, without findings of tables that are not migrated.
async fn made(course: &Course<'_>) -> Result<Vec<Answer>> {
    let mut skipped = course.arguments.skip.clone();
    skipped.extend(OF_SCHEMA.map(str::to_owned));
    skipped.dedup();
    let checks = migration::choose(&[], &skipped)?;
    let source = course.source.settings.db.clone();
    let mut answers = migration::run(checking::config(&course.target, Ok(source)), &checks).await;
    // where the source does not answer, its check says why
    if !course.arguments.tables.is_empty()
        && let Ok((_, scope)) = course.scope().await
    {
        for answer in &mut answers {
            answer.findings.retain(|found| scope.concerns(&found.object));
        }
    }
    Ok(answers)
}

/// What stops the migration, each with its remedy.
fn blockers(course: &Course<'_>, answers: &[Answer]) -> Vec<String> {
    let ignores = course.arguments.large_objects == Some(LargeObjects::Ignore);
    let mut texts = Vec::new();
    for answer in answers {
        for found in &answer.findings {
            if found.verdict == Verdict::Blocker {
                texts.push(format!("{} {}: {}", found.place, found.object, found.found));
            } else if answer.check.name == LARGE && found.verdict == Verdict::Warning && !ignores {
                texts.push(format!(
                    "{} {}: {}; --large-objects ignore leaves them behind",
                    found.place, found.object, found.found
                ));
            }
        }
    }
    texts
}
