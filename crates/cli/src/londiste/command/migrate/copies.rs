//! Step `copies`: every table is copied and in sync.

use anyhow::Result;
use migration::steps::{Ending, Standing};
use pgq::table::TableInfo;

use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::side::{Side, counted, is_ok, some};
use crate::londiste::command::wait_sync;
use crate::londiste::support::outcome::Outcome;

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let (_, tables) = replicated(course).await?;
    let waiting: Vec<&str> =
        tables.iter().filter(|info| !is_ok(info)).map(|info| info.name.as_str()).collect();
    Ok(match waiting.as_slice() {
        [] if tables.is_empty() && course.arguments.dry_run => {
            Standing::Open("every table is copied".to_owned())
        }
        [] => Standing::Done(format!("{} in sync", counted(tables.len(), "table"))),
        waiting => Standing::Open(format!(
            "{} of {} to come in sync: {}",
            waiting.len(),
            counted(tables.len(), "table"),
            some(waiting)
        )),
    })
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let (target, tables) = replicated(course).await?;
    let names: Vec<String> = tables.into_iter().map(|info| info.name).collect();
    let waited = wait_sync::until_ok(&course.target, &target.session, &names).await?;
    let (_, tables) = replicated(course).await?;
    let behind: Vec<&str> =
        tables.iter().filter(|info| !is_ok(info)).map(|info| info.name.as_str()).collect();
    let ok = counted(tables.len() - behind.len(), "table");
    Ok(match (waited, behind.as_slice()) {
        (Outcome::Done, []) => Ending::Done(format!("{ok} in sync")),
        (_, []) => Ending::Partly(format!("{ok} in sync; see above, and londiste {} fkeys", course.ini())),
        (_, behind) => Ending::Partly(format!(
            "{ok} in sync, {} not: {}; londiste {} tables tells why and what mends it",
            counted(behind.len(), "table"),
            some(behind),
            course.ini()
        )),
    })
}

/// The target, and those of its tables that are migrated.
pub(super) async fn replicated(course: &Course<'_>) -> Result<(Side, Vec<TableInfo>)> {
    let (_, scope) = course.scope().await?;
    let target = course.target_side().await?;
    let tables = target.tables(course.target.queue()).await?;
    let tables = tables.into_iter().filter(|info| scope.tables.contains(&info.name)).collect();
    Ok((target, tables))
}
