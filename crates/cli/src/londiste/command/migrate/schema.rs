//! Step `schema`: the target gets the source's tables, types, functions and all that belongs to them.

use anyhow::Result;
use migration::steps::{Ending, Standing};
use migration::{Answer, Finding, Verdict};

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::preflight::OF_SCHEMA;
use crate::londiste::command::migrate::side::{counted, some};
use crate::londiste::command::preflight as checking;
use crate::londiste::view::findings;

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let answers = differences(course).await?;
    let found = blockers(&answers);
    Ok(match found.as_slice() {
        [] => Standing::Done("the target has what the tables need".to_owned()),
        found => {
            let objects: Vec<&str> = found.iter().map(|found| found.object.as_str()).collect();
            let number = counted(found.len(), "difference");
            Standing::Open(format!("{number} that would stop replication: {}", some(&objects)))
        }
    })
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let answers = differences(course).await?;
    course.target.terminal.say(&findings::describe(&answers, Verdict::Warning));
    let found = blockers(&answers);
    let objects: Vec<&str> = found.iter().map(|found| found.object.as_str()).collect();
    Ok(match objects.as_slice() {
        [] => Ending::Done("nothing is left to be done".to_owned()),
        objects => Ending::Partly(format!(
            "{} still: {}; each line above ends with what mends it",
            counted(objects.len(), "difference"),
            some(objects)
        )),
    })
}

/// The checks of structure, with what is found about the tables that are migrated.
async fn differences(course: &Course<'_>) -> Result<Vec<Answer>> {
    let named: Vec<String> = OF_SCHEMA.map(str::to_owned).into();
    let checks = migration::choose(&named, &course.arguments.skip)?;
    let source = course.source.settings.db.clone();
    let mut answers = migration::run(checking::config(&course.target, Ok(source)), &checks).await;
    let (_, scope) = course.scope().await?;
    for answer in &mut answers {
        answer.findings.retain(|found| scope.concerns(&found.object));
    }
    Ok(answers)
}

/// What stops replication, or could not be checked.
fn blockers(answers: &[Answer]) -> Vec<&Finding> {
    let all = answers.iter().flat_map(|answer| &answer.findings);
    all.filter(|found| found.verdict <= Verdict::Unchecked).collect()
}
