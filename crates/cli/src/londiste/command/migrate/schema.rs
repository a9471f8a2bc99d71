//! Step `schema`: the target gets the source's tables, types, functions and all that belongs to them, as the command
//! `schema --apply` takes them over.

use anyhow::{Result, anyhow};
use migration::schema::{Comparison, Difference, How, Schemas, Weight};
use migration::steps::{Ending, Standing, Step};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::scope::Scope;
use crate::londiste::command::migrate::side::{counted, some};
use crate::londiste::view::schema as view;

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste schema";
/// Findings of preflight by this name are those of this step.
const SKIPPED: &str = "structure";

/// What counts as a difference: less, the further the migration is.
#[derive(Clone, Copy)]
enum Stage {
    /// Nothing is there yet: whatever the target lacks is to be taken over.
    New,
    /// This run has taken it over: what would stop replication is left to people, and nothing follows before.
    Taken,
    /// There is a node: tables that are new are to be taken over. What else would stop replication stops its table.
    Running,
    /// The same after this run has taken them over.
    Settled,
}

impl Stage {
    async fn of(course: &Course<'_>) -> Result<Stage> {
        let has_node = course.target_side().await?.node.is_some();
        Ok(match (has_node, course.memory.has_schema) {
            (false, false) => Stage::New,
            (false, true) => Stage::Taken,
            (true, false) => Stage::Running,
            (true, true) => Stage::Settled,
        })
    }

    fn counts(self, found: &Difference) -> bool {
        let (stops, missing) = (found.weight == Weight::Stops, found.how == How::Missing);
        match self {
            Stage::New => stops || missing,
            Stage::Taken => stops,
            Stage::Running => stops && missing,
            Stage::Settled => false,
        }
    }
}

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    if course.arguments.skip.iter().any(|name| name == SKIPPED) {
        return Ok(Standing::Done(format!("not looked at (--skip {SKIPPED})")));
    }
    let recorded = course.recorded(Step::Schema).await?.filter(|recorded| recorded.state == "done");
    if let Some(recorded) = recorded
        && course.is_all_added().await?
    {
        return Ok(Standing::Done(recorded.note.unwrap_or_default()));
    }
    let (_, scope) = course.scope().await?;
    let stage = Stage::of(course).await?;
    let comparison = compared(course).await?;
    let (open, left) = sorted(&comparison, &scope, stage);
    let unread = unread(&comparison);
    if open.is_empty() && (unread.is_empty() || matches!(stage, Stage::Running | Stage::Settled)) {
        let objects = format!("{} compared", counted(comparison.compared, "object"));
        return Ok(Standing::Done(match left.as_slice() {
            [] => objects,
            left => format!(
                "{objects}; {} left, each of which stops its table: {}",
                counted(left.len(), "difference"),
                some(left)
            ),
        }));
    }
    let mut parts = Vec::new();
    if !open.is_empty() {
        parts.push(format!("{}: {}", counted(open.len(), "difference"), some(&open)));
    }
    parts.extend(unread);
    Ok(Standing::Open(parts.join("; ")))
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let terminal = course.target.terminal;
    let schemas = schemas(course).await?;
    let options = course.arguments.names.options(&course.target)?;
    let plan = schemas.plan(&options).await.map_err(|why| anyhow!(why))?;
    let applied = schemas.apply(&plan).await.map_err(|why| anyhow!(why))?;
    let comparison = schemas.compare(&options).await.map_err(|why| anyhow!(why))?;
    terminal.say(&view::applied(&applied, &comparison, &course.target.ini));
    course.memory.has_schema = true;
    let (_, scope) = course.scope().await?;
    let (mut trouble, left) = sorted(&comparison, &scope, Stage::of(course).await?);
    trouble.extend(unread(&comparison));
    let ini = course.ini();
    let mut done = format!("{} run", counted(applied.done, "statement"));
    if !applied.failed.is_empty() {
        done.push_str(&format!(", {} refused (londiste {ini} schema)", applied.failed.len()));
    }
    if !left.is_empty() {
        done.push_str(&format!(
            "; {} left, each of which stops its table: {}",
            counted(left.len(), "difference"),
            some(&left)
        ));
    }
    Ok(match trouble.as_slice() {
        [] => Ending::Done(done),
        trouble => Ending::Partly(format!(
            "{done}; replication would stop at: {}; mend it on the target (londiste {ini} schema tells each with its \
             statement), or leave the table out by naming those that are to come",
            some(trouble),
        )),
    })
}

/// What is to be done at this stage, and what else would stop replication, in words.
fn sorted(comparison: &Comparison, scope: &Scope, stage: Stage) -> (Vec<String>, Vec<String>) {
    let all = comparison.differences.iter().filter(|found| scope.concerns_table(&found.table));
    let (open, left): (Vec<&Difference>, Vec<&Difference>) = all.partition(|found| stage.counts(found));
    let told = |found: &Difference| format!("{} {}", found.object(), found.what());
    let left = left.into_iter().filter(|found| found.weight == Weight::Stops);
    (open.into_iter().map(told).collect(), left.map(told).collect())
}

/// What could not be compared, and why.
fn unread(comparison: &Comparison) -> Vec<String> {
    let told = comparison.unread.iter();
    told.map(|unread| format!("{} of the {} could not be read: {}", unread.object, unread.place, unread.why))
        .collect()
}

async fn compared(course: &Course<'_>) -> Result<Comparison> {
    let options = course.arguments.names.options(&course.target)?;
    schemas(course).await?.compare(&options).await.map_err(|why| anyhow!(why))
}

async fn schemas(course: &Course<'_>) -> Result<Schemas> {
    let (source, target) = (&course.source.settings.db, &course.target.settings.db);
    Schemas::open(source, target, APPLICATION).await.map_err(|why| anyhow!(why))
}
