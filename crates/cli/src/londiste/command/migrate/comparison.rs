//! Step `compare`: every row of every table that is in sync.

use anyhow::Result;
use migration::steps::{Ending, Standing};
use pgq::comparison::{self, Comparison, Verdict};

use crate::londiste::command::compare;
use crate::londiste::command::migrate::copies::replicated;
use crate::londiste::command::migrate::course::Course;
use crate::londiste::command::migrate::side::{counted, is_ok, some};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::comparison::clock;

pub(super) async fn look(course: &mut Course<'_>) -> Result<Standing> {
    let (all, open) = open(course).await?;
    Ok(match open.as_slice() {
        [] if all.is_empty() && course.arguments.dry_run => {
            Standing::Open("every row of every table".to_owned())
        }
        [] => {
            let oldest = all.iter().filter_map(|compared| compared.finished).min();
            let since = oldest.map(|oldest| format!(" since {}", clock(oldest))).unwrap_or_default();
            Standing::Done(format!("{} equal{since}", counted(all.len(), "table")))
        }
        open => Standing::Open(format!("{}: {}", counted(open.len(), "table"), some(open))),
    })
}

/// The last comparisons of the tables in sync, and the tables that have none that found all their rows equal.
pub(super) async fn open(course: &Course<'_>) -> Result<(Vec<Comparison>, Vec<String>)> {
    let (target, tables) = replicated(course).await?;
    if tables.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut known = comparison::list(&**target.session, course.target.queue()).await?;
    known.retain(|compared| tables.iter().any(|info| info.name == compared.table));
    let is_equal = |name: &str| {
        let equal = |c: &Comparison| c.verdict == Some(Verdict::Equal) && !::compare::counts_only(c);
        known.iter().any(|compared| compared.table == name && equal(compared))
    };
    let open: Vec<String> = tables
        .iter()
        .filter(|info| is_ok(info) && !is_equal(&info.name))
        .map(|info| info.name.clone())
        .collect();
    Ok((known, open))
}

pub(super) async fn act(course: &mut Course<'_>) -> Result<Ending> {
    let (_, tables) = open(course).await?;
    let number = counted(tables.len(), "table");
    let outcome = compare::run(&course.target, &compare::Arguments::of(tables)).await?;
    let (known, left) = open(course).await?;
    let of = |verdict| {
        let names = known
            .iter()
            .filter(|compared| compared.verdict == Some(verdict) && left.contains(&compared.table));
        names.map(|compared| compared.table.clone()).collect::<Vec<String>>()
    };
    let (differ, unverified) = (of(Verdict::Differs), of(Verdict::Unverified));
    Ok(match (outcome, differ.as_slice()) {
        (_, [_, ..]) => Ending::Partly(format!(
            "rows of {} differ: {}; londiste {} repair tells how they would be written as the source has them",
            counted(differ.len(), "table"),
            some(&differ),
            course.ini()
        )),
        (Outcome::Done, []) => Ending::Done(format!("{number} equal")),
        (_, []) => Ending::Unverified(format!(
            "{} could not be compared: {}; the reasons stand above",
            counted(unverified.len().max(left.len()), "table"),
            some(&left)
        )),
    })
}
