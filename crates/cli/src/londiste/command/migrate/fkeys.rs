//! Steps `drop-fkeys` and `restore-fkeys`: copies fill the target's tables in any order, so its foreign keys go before
//! and come back after, valid. The way of `collect_fks.sql` and its sisters.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use migration::steps::{Ending, Standing};
use parts::fail_point;
use pg::Session;
use pgq::collected_fkeys::{self, Collected, Patience, Present};

use crate::londiste::command::migrate::copies::replicated;
use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::side::{Side, counted, is_ok, some};

/// The number of tries for a lock, a second apart, as the scripts have it.
const TRIES: u32 = 30;

pub(super) async fn look_before(course: &mut Course<'_>) -> Result<Standing> {
    let (_, present) = in_the_way(course).await?;
    let names: Vec<String> = present.iter().map(|fkey| format!("{} of {}", fkey.name, fkey.table)).collect();
    Ok(match names.as_slice() {
        [] => Standing::Done("no foreign key is in the way of a copy".to_owned()),
        names => {
            Standing::Open(format!("{} of the target: {}", counted(names.len(), "foreign key"), some(names)))
        }
    })
}

/// Foreign keys at either end of tables that are still to be copied.
async fn in_the_way(course: &Course<'_>) -> Result<(Side, Vec<Present>)> {
    let (_, scope) = course.scope().await?;
    let (target, tables) = replicated(course).await?;
    let copied: BTreeSet<&str> =
        tables.iter().filter(|info| is_ok(info)).map(|info| info.name.as_str()).collect();
    let open: Vec<String> =
        scope.tables.iter().filter(|name| !copied.contains(name.as_str())).cloned().collect();
    let present = collected_fkeys::present(&**target.session, &open).await?;
    Ok((target, present))
}

pub(super) async fn drop(course: &mut Course<'_>) -> Result<Ending> {
    let (_, present) = in_the_way(course).await?;
    let session = session(course).await?;
    collected_fkeys::install(&*session).await?;
    collected_fkeys::collect(&*session).await?;
    let patience = patience(course);
    let mut wanted = collected_fkeys::list(&*session).await?;
    wanted.retain(|fkey| present.iter().any(|it| it.table == fkey.table && it.name == fkey.name));
    for fkey in &wanted {
        collected_fkeys::drop(&*session, fkey.id, patience).await?;
        fail_point::reached("collected-fkey-dropped");
    }
    let failed = failures(&session, &wanted).await?;
    let dropped = counted(wanted.len() - failed.len(), "foreign key");
    Ok(ending(&format!("{dropped} remembered and dropped"), &failed))
}

pub(super) async fn look_after(course: &mut Course<'_>) -> Result<Standing> {
    let (target, tables) = replicated(course).await?;
    if tables.is_empty() && course.arguments.dry_run {
        return Ok(Standing::Open("the foreign keys that were dropped".to_owned()));
    }
    let open = possible(course, &target.session).await?;
    let names: Vec<String> = open.iter().map(|fkey| format!("{} of {}", fkey.name, fkey.table)).collect();
    Ok(match names.as_slice() {
        [] => Standing::Done("every foreign key is on its table and valid as it was".to_owned()),
        names => Standing::Open(format!("{}: {}", counted(names.len(), "foreign key"), some(names))),
    })
}

/// Those that are away or not valid, and whose tables are in sync, or are not replicated.
async fn possible(course: &Course<'_>, session: &Session) -> Result<Vec<Collected>> {
    if !collected_fkeys::is_installed(&**session).await? {
        return Ok(Vec::new());
    }
    let (target, _) = replicated(course).await?;
    let behind: BTreeSet<String> = target
        .tables(course.target.queue())
        .await?
        .into_iter()
        .filter(|info| !is_ok(info))
        .map(|info| info.dest().to_owned())
        .collect();
    let all = collected_fkeys::list(&**session).await?;
    let waits = |fkey: &Collected| fkey.ends.iter().any(|end| behind.contains(end));
    Ok(all.into_iter().filter(|fkey| fkey.is_open && !waits(fkey)).collect())
}

pub(super) async fn restore(course: &mut Course<'_>) -> Result<Ending> {
    let session = session(course).await?;
    collected_fkeys::install(&*session).await?;
    collected_fkeys::look_again(&*session).await?;
    let (open, patience) = (possible(course, &session).await?, patience(course));
    for fkey in &open {
        collected_fkeys::restore(&*session, fkey.id, patience).await?;
        fail_point::reached("collected-fkey-restored");
    }
    for step in collected_fkeys::validations(&*session).await? {
        let Some(fkey) = open.iter().find(|fkey| fkey.id == step.fkey) else { continue };
        course.target.terminal.say(&format!("validating foreign key {} of {}", fkey.name, fkey.table));
        collected_fkeys::validate(&*session, &step, patience).await?;
        fail_point::reached("collected-fkey-validated");
    }
    let failed = failures(&session, &open).await?;
    let done = open.len() - failed.len();
    Ok(ending(&format!("{} restored and validated", counted(done, "foreign key")), &failed))
}

fn ending(done: &str, failed: &[String]) -> Ending {
    match failed {
        [] => Ending::Done(done.to_owned()),
        failed => Ending::Partly(format!("{done}, {} not: {}", failed.len(), failed.join("; "))),
    }
}

/// Those of the foreign keys that the last run has failed with, and why.
async fn failures(session: &Session, of: &[Collected]) -> Result<Vec<String>> {
    let all = collected_fkeys::list(&**session).await?;
    let told = |fkey: Collected| {
        let error = fkey.error.filter(|_| of.iter().any(|it| it.id == fkey.id))?;
        Some(format!("{} of {}: {error}", fkey.name, fkey.table))
    };
    Ok(all.into_iter().filter_map(told).collect())
}

/// A session for statements that take as long as their data, with the lock of the scripts.
async fn session(course: &Course<'_>) -> Result<Session> {
    let job = &course.target;
    let at = job.settings.db.within(job.settings.limits().without_statement());
    let session = Session::connect(&at, "londiste migrate").await?;
    for _ in 0..30 {
        if collected_fkeys::try_lock(&*session).await? {
            return Ok(session);
        }
        // the server may still be ending the session of one that was killed
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("one of the foreign key scripts runs in the target's database: let it come to its end first")
}

fn patience(course: &Course<'_>) -> Patience {
    Patience { wait: course.target.settings.lock_timeout, tries: TRIES }
}
