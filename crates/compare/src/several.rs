//! Small tables that rested between the snapshots: many by one statement a side. A server with thousands of tables is
//! compared in as many statements as it has hundreds of them; those that are not equal are looked into one by one.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join;
use parts::fail_point;
use pg::Valve;
use pgq::comparison::{self, Equal};

use crate::files::{self, files};
use crate::pace::Pace;
use crate::pair::Pair;
use crate::side::{Sides, by_index, texts};
use crate::subject::{Relation, Subject};
use crate::task::{self, Ended, Task, Way};
use crate::touched::Touched;
use crate::{Config, Error, Observer, Result};

/// Tables that are read by one statement.
const AT_ONCE: usize = 100;
/// A table of more bytes goes by itself.
const SMALL: i64 = 4 << 20;

/// Rows and sum of hashes of each of some tables, as the server prints them.
type Sums = Vec<Vec<Option<String>>>;

/// Compares what is small of the tables that have not ended. False where the pair is of no more use: a table could not be
/// read.
pub(crate) async fn go_on(
    (sides, config, pair): (&Sides, &Config, &Pair),
    tasks: &mut [Task],
    ended: &mut [Option<Ended>],
    (files_before, changes): (&[String], &HashMap<String, Touched>),
    observer: &mut impl Observer,
    valve: &mut impl Valve,
) -> Result<bool> {
    let is_fit = |task: &Task| {
        let (work, subject) = (&task.work, &task.work.subject);
        !task.is_alone
            && work.is_untouched()
            && !changes.contains_key(&subject.name)
            && subject.bytes() <= SMALL
            && Way::of(config, subject) != Way::Crosswise
    };
    let places: Vec<usize> =
        (0..tasks.len()).filter(|place| ended[*place].is_none() && is_fit(&tasks[*place])).collect();
    if places.len() < 2 {
        return Ok(true);
    }
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await?;
    let mut pace = Pace::begin();
    for places in places.chunks(AT_ONCE) {
        let read = part(sides, tasks, places, files_before, valve).await;
        let equal = match read {
            Ok(equal) => equal,
            Err(error) if error.ends_all() => return Err(error),
            // both snapshots are gone with it; by itself it says what is wrong with it, and so does no other one
            Err(_) => {
                places.iter().for_each(|place| tasks[*place].is_alone = true);
                return Ok(false);
            }
        };
        let kept = keep((sides, config, pair), tasks, &equal).await?;
        for (place, rows) in equal {
            let work = &mut tasks[place].work;
            if kept.contains(&work.subject.name) {
                work.record.rows = rows;
                work.record.at = Some((pair.tick, pair.mark.time));
                observer.is_at(&work.subject.name, rows, rows);
                ended[place] = Some(Ended::Equal);
            } else {
                ended[place] = Some(task::gone());
            }
        }
        if config.is_stopped() {
            return Err(Error::Stopped);
        }
        if pace.is_over((sides, config, pair), false).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads some tables; answers which of them are equal, and how many rows they have.
async fn part(
    sides: &Sides,
    tasks: &mut [Task],
    places: &[usize],
    files_before: &[String],
    valve: &mut impl Valve,
) -> Result<Vec<(usize, i64)>> {
    let subjects: Vec<Subject> = places.iter().map(|place| tasks[*place].work.subject.clone()).collect();
    let subjects: Vec<&Subject> = subjects.iter().collect();
    let sizes = files::hold(sides, &subjects).await?;
    let files = files(sides, &subjects).await?;
    let mut small = Vec::new();
    for (((place, subject), bytes), files) in places.iter().zip(&subjects).zip(sizes).zip(files) {
        if bytes > SMALL {
            tasks[*place].is_alone = true;
        } else if files == files_before[*place] {
            small.push((*place, *subject, bytes));
        }
    }
    let bytes: i64 = small.iter().map(|(_, _, bytes)| bytes).sum();
    valve.pass(u64::try_from(bytes).unwrap_or_default()).await;
    let of_side = |of: fn(&Subject) -> &Relation| -> String {
        let sums = small.iter().enumerate().map(|(at, (_, subject, _))| sum(at, of(subject)));
        sums.collect::<Vec<_>>().join(" union all ")
    };
    if small.is_empty() {
        return Ok(Vec::new());
    }
    let what = format!("reading table {} and others", small[0].1.name);
    let (source, target) = (of_side(|subject| &subject.source), of_side(|subject| &subject.target));
    let (there, here): (Sums, Sums) =
        try_join(texts(&sides.source, &what, &source), texts(&sides.target, &what, &target)).await?;
    let here: HashSet<Vec<Option<String>>> = here.into_iter().collect();
    let mut equal = Vec::new();
    for sum in there {
        let number = |at: usize| sum.get(at).and_then(|v| v.as_deref()?.parse::<i64>().ok());
        let (Some(at), Some(rows)) = (number(0), number(1)) else { continue };
        let Some((place, _, _)) = usize::try_from(at).ok().and_then(|at| small.get(at)) else { continue };
        if here.contains(&sum) {
            equal.push((*place, rows));
        } else {
            tasks[*place].is_alone = true;
        }
    }
    Ok(equal)
}

/// A table's place in the list, its rows, and the sum of their hashes.
fn sum(at: usize, relation: &Relation) -> String {
    format!("select {at}, count(*), coalesce(sum({}), 0) from {}", relation.hash, relation.from)
}

/// Keeps that tables are equal; answers which of them were still to be compared.
async fn keep(
    (sides, config, pair): (&Sides, &Config, &Pair),
    tasks: &[Task],
    equal: &[(usize, i64)],
) -> Result<HashSet<String>> {
    let equal: Vec<Equal> = equal
        .iter()
        .map(|(place, rows)| {
            let task = &tasks[*place];
            Equal { table: task.work.subject.name.clone(), rows: *rows, reason: task::reason(&task.remarks) }
        })
        .collect();
    fail_point::reached("compare-keep-before");
    let kept =
        comparison::found_equal(&*sides.record, &config.queue, (pair.tick, &pair.mark), &equal).await?;
    fail_point::reached("compare-keep-after");
    Ok(kept)
}
