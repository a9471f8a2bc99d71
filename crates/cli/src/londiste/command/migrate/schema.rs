//! Step `schema`: the target gets the source's tables, types, functions and all that belongs to them, as the command
//! `schema --apply` takes them over.

use anyhow::{Result, anyhow};
use migration::schema::{Comparison, Difference, How, Options, Schemas, Weight};
use migration::steps::{Ending, Standing};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::scope::Scope;
use crate::londiste::command::migrate::side::{counted, some};
use crate::londiste::view::schema as view;

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste schema";
/// Findings of preflight by this name are those of this step.
const SKIPPED: &str = "structure";

/// Before replication has begun, whatever the target lacks is to be taken over; after that, and after this run has done
/// it, only what would stop replication counts.
pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    if course.arguments.skip.iter().any(|name| name == SKIPPED) {
        return Ok(Standing::Done(format!("not looked at (--skip {SKIPPED})")));
    }
    let (source, scope) = course.scope().await?;
    let is_new = !course.memory.has_schema && course.target_side().await?.node.is_none();
    drop(source);
    let comparison = compared(course).await?;
    let open = open(&comparison, &scope, is_new);
    let unread = unread(&comparison);
    if open.is_empty() && unread.is_empty() {
        return Ok(Standing::Done(format!("{} compared", counted(comparison.compared, "object"))));
    }
    let mut parts = Vec::new();
    if !open.is_empty() {
        let names: Vec<String> =
            open.iter().map(|found| format!("{} {}", found.object(), found.what())).collect();
        parts.push(format!("{}: {}", counted(open.len(), "difference"), some(&names)));
    }
    parts.extend(unread);
    Ok(Standing::Open(parts.join("; ")))
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let terminal = course.target.terminal;
    let schemas = schemas(course).await?;
    let options = Options::default();
    let plan = schemas.plan(&options).await.map_err(|why| anyhow!(why))?;
    let applied = schemas.apply(&plan).await.map_err(|why| anyhow!(why))?;
    let comparison = schemas.compare(&options).await.map_err(|why| anyhow!(why))?;
    terminal.say(&view::applied(&applied, &comparison, &course.target.ini));
    course.memory.has_schema = true;
    let (_, scope) = course.scope().await?;
    let open = open(&comparison, &scope, false);
    let done = format!("{} run", counted(applied.done, "statement"));
    let refused = counted(applied.failed.len(), "statement");
    let mut trouble = unread(&comparison);
    trouble.extend(open.iter().map(|found| {
        let statement = found.statement.replace('\n', " ");
        format!("{} {}: {statement}", found.object(), found.what())
    }));
    Ok(match trouble.as_slice() {
        [] if applied.failed.is_empty() => Ending::Done(done),
        [] => Ending::Done(format!(
            "{done}, {refused} refused that replication does not need: londiste {} schema tells them",
            course.ini()
        )),
        trouble => Ending::Partly(format!(
            "{done}, {refused} refused; it would stop replication: {}; mend it on the target (londiste {} schema), \
             or leave the table out by naming those that are to come",
            some(trouble),
            course.ini()
        )),
    })
}

/// What is to be taken over.
fn open<'a>(comparison: &'a Comparison, scope: &Scope, is_new: bool) -> Vec<&'a Difference> {
    let counts = |found: &&Difference| found.weight == Weight::Stops || is_new && found.how == How::Missing;
    let all = comparison.differences.iter().filter(counts);
    all.filter(|found| scope.concerns_table(&found.table)).collect()
}

/// What could not be compared, and why.
fn unread(comparison: &Comparison) -> Vec<String> {
    let told = comparison.unread.iter();
    told.map(|unread| format!("{} of the {} could not be read: {}", unread.kind, unread.place, unread.why))
        .collect()
}

async fn compared(course: &Course<'_>) -> Result<Comparison> {
    schemas(course).await?.compare(&Options::default()).await.map_err(|why| anyhow!(why))
}

async fn schemas(course: &Course<'_>) -> Result<Schemas> {
    let (source, target) = (&course.source.settings.db, &course.target.settings.db);
    Schemas::open(source, target, APPLICATION).await.map_err(|why| anyhow!(why))
}
