//! Step `vacuum`: VACUUM (ANALYZE) of every copied table, so that index-only scans and estimates are right at the
//! switch.

use anyhow::Result;
use migration::steps::{self as migrating, Cleaning, Ending, Standing, Step};
use parts::fail_point;
use pg::Session;

use crate::londiste::command::migrate::copies::replicated;
use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::side::{counted, is_ok, some};
use crate::terminal::describe;

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let (tables, open) = open(course).await?;
    let names: Vec<&str> = open.iter().map(|cleaning| cleaning.table.as_str()).collect();
    Ok(match names.as_slice() {
        [] if tables == 0 && course.arguments.dry_run => Standing::Open("every table".to_owned()),
        [] => Standing::Done(format!("{} vacuumed since the copies", counted(tables, "table"))),
        names => Standing::Open(format!("{}: {}", counted(names.len(), "table"), some(names))),
    })
}

/// How many tables are copied, and those of them that were not vacuumed since.
async fn open(course: &Course<'_>) -> Result<(usize, Vec<Cleaning>)> {
    let (target, tables) = replicated(course).await?;
    let names: Vec<String> =
        tables.iter().filter(|info| is_ok(info)).map(|info| info.dest().to_owned()).collect();
    let copied = course.recorded(Step::Copies).await?.and_then(|copies| copies.finished);
    let mut all = migrating::to_be_cleaned(&target.session, &names, copied).await?;
    all.retain(|cleaning| !cleaning.is_done && !course.memory.vacuumed.contains(&cleaning.table));
    Ok((names.len(), all))
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let (_, open) = open(course).await?;
    let limits = course.target.settings.limits().without_statement();
    let session = Session::connect(&course.target.settings.db.within(limits), "londiste migrate").await?;
    let mut failed = Vec::new();
    let mut done = 0;
    for Cleaning { table, is_permitted, .. } in open {
        if !is_permitted {
            let why = "belongs to another role, of which this one is no member";
            failed.push(format!("{table} {why}: vacuum (analyze) {table} as its owner"));
        } else {
            let cleaned = session.batch_execute(&format!("vacuum (analyze) {table}")).await;
            match cleaned.map_err(pg::Error::from) {
                Ok(()) => {
                    done += 1;
                    course.target.terminal.say(&format!("table {table} vacuumed"));
                }
                Err(error) if error.is_connection_lost() => return Err(error.into()),
                Err(error) => failed.push(format!("{table}: {}", describe(&error.into()))),
            }
        }
        course.memory.vacuumed.push(table);
        fail_point::reached("table-vacuumed");
    }
    let done = format!("{} vacuumed", counted(done, "table"));
    Ok(match failed.as_slice() {
        [] => Ending::Done(done),
        failed => Ending::Partly(format!("{done}, {} not: {}", failed.len(), failed.join("; "))),
    })
}
