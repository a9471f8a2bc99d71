//! Small tables that rested between the snapshots: many by one statement a side. A server with thousands of tables is
//! compared in as many statements as it has hundreds of them; those that are not equal are looked into one by one.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join;
use parts::fail_point;
use pg::Valve;
use pgq::comparison::{self, Equal};

use crate::files::{self, files};
use crate::lookup::{self, Found};
use crate::pace::Pace;
use crate::pair::Pair;
use crate::side::{Sides, by_index, each, texts};
use crate::subject::{Relation, Subject};
use crate::task::{self, Ended, Task, Way};
use crate::touched::Touched;
use crate::work::Work;
use crate::{Config, Error, Observer, Result};

/// Tables that are read by one statement.
const AT_ONCE: usize = 100;
/// A table of more bytes goes by itself.
const SMALL: i64 = 4 << 20;
/// A table of which more keys are left goes by itself.
const KEYS: i64 = 5000;
/// Keys that are asked for together.
const LISTED: usize = 10_000;

/// What is done with several tables at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All their rows are read.
    Rows,
    /// All rows are read; the few keys that are left are looked for.
    Keys,
}

/// Compares what is small of the tables that have not ended. False where the pair is of no more use: a table could not
/// be read, or it is time to open another one.
pub(crate) async fn go_on(
    (sides, config, pair): (&Sides, &Config, &Pair),
    tasks: &mut [Task],
    ended: &mut [Option<Ended>],
    (files_before, changes): (&[String], &HashMap<String, Touched>),
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<bool> {
    let mut pace = Pace::begin();
    for part in [Part::Keys, Part::Rows] {
        let rests = |task: &Task| !task.is_alone && !changes.contains_key(&task.work.subject.name);
        let is_fit = |task: &Task| match part {
            Part::Keys => {
                let Work { record, subject, .. } = &task.work;
                record.read_all && record.differing == 0 && !subject.key.is_empty()
            }
            Part::Rows => {
                task.work.is_untouched()
                    && task.work.subject.bytes() <= SMALL
                    && Way::of(config, &task.work.subject) != Way::Crosswise
            }
        };
        let open = |place: &usize| ended[*place].is_none() && rests(&tasks[*place]) && is_fit(&tasks[*place]);
        let places: Vec<usize> = (0..tasks.len()).filter(open).collect();
        if places.len() < 2 {
            continue;
        }
        by_index(&sides.source, part == Part::Keys).await?;
        by_index(&sides.target, part == Part::Keys).await?;
        for places in places.chunks(AT_ONCE) {
            let read = match part {
                Part::Keys => keys(sides, config, tasks, places, files_before).await,
                Part::Rows => rows(sides, tasks, places, files_before, valve).await,
            };
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
                    work.record.rows += rows;
                    work.record.at = Some((pair.tick, pair.mark.time));
                    observer.is_at(&work.subject.name, work.record.rows, work.record.rows);
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
        by_index(&sides.source, false).await?;
        by_index(&sides.target, false).await?;
    }
    Ok(true)
}

/// Those of some tables that are the same files as before the snapshots, with their bytes; the locks of readers are
/// taken, so that they stay so.
async fn held<'a>(
    sides: &Sides,
    places: &[usize],
    subjects: &'a [Subject],
    files_before: &[String],
) -> Result<Vec<(usize, &'a Subject, i64)>> {
    let all: Vec<&Subject> = subjects.iter().collect();
    let sizes = files::hold(sides, &all).await?;
    let files = files(sides, &all).await?;
    let of_table = places.iter().zip(subjects).zip(sizes).zip(files);
    Ok(of_table
        .filter(|(((place, _), _), files)| *files == files_before[**place])
        .map(|(((place, subject), bytes), _)| (*place, subject, bytes))
        .collect())
}

fn subjects(tasks: &[Task], places: &[usize]) -> Vec<Subject> {
    places.iter().map(|place| tasks[*place].work.subject.clone()).collect()
}

/// Looks for the keys that are left of some tables; answers which of them are equal, and how many rows were found.
async fn keys(
    sides: &Sides,
    config: &Config,
    tasks: &mut [Task],
    places: &[usize],
    files_before: &[String],
) -> Result<Vec<(usize, i64)>> {
    let subjects = subjects(tasks, places);
    let held = held(sides, places, &subjects, files_before).await?;
    let names: Vec<String> = held.iter().map(|(_, subject, _)| subject.name.clone()).collect();
    let mut few = comparison::few_keys(&*sides.record, &config.queue, &names, KEYS).await?;
    let mut equal = Vec::new();
    let mut listed: Vec<(usize, &Subject, Vec<Vec<String>>)> = Vec::new();
    for (place, subject, _) in held {
        match few.remove(&subject.name) {
            Some(keys) => {
                let keys = keys.iter().filter_map(|kept| Subject::key_of(kept)).collect();
                listed.push((place, subject, keys));
            }
            // so many are looked for by themselves
            None => tasks[place].is_alone = true,
        }
    }
    for part in together(&listed, |(_, _, keys)| keys.len()) {
        let (there, here) =
            try_join(found(&sides.source, part, |s| &s.source), found(&sides.target, part, |s| &s.target))
                .await?;
        for (((place, _, keys), there), here) in part.iter().zip(there).zip(here) {
            let hash = |rows: &HashMap<usize, Found>, key: usize| rows.get(&key).map(|found| found.hash);
            if (0..keys.len()).all(|key| hash(&there, key) == hash(&here, key)) {
                equal.push((*place, i64::try_from(there.len()).unwrap_or_default()));
            } else {
                tasks[*place].is_alone = true;
            }
        }
    }
    Ok(equal)
}

/// Tables in lists, of each of which so many keys can be asked for by one statement.
fn together<T>(tables: &[T], keys: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let (mut begin, mut sum) = (0, 0);
    for (at, table) in tables.iter().enumerate() {
        if at > begin && sum + keys(table) > LISTED {
            parts.push(&tables[begin..at]);
            (begin, sum) = (at, 0);
        }
        sum += keys(table);
    }
    if begin < tables.len() {
        parts.push(&tables[begin..]);
    }
    parts
}

/// The rows of keys of some tables on one side, which are asked for together.
async fn found(
    session: &pg::Session,
    tables: &[(usize, &Subject, Vec<Vec<String>>)],
    of: fn(&Subject) -> &Relation,
) -> Result<Vec<HashMap<usize, Found>>> {
    let queries: Vec<Vec<String>> =
        tables.iter().map(|(_, subject, keys)| lookup::queries(of(subject), keys, 0)).collect();
    let what = format!("looking for rows of table {} and others", tables[0].1.name);
    let mut rows = each(session, &what, &queries.concat()).await?.into_iter();
    let of_table = |queries: &Vec<String>| {
        let parts = rows.by_ref().take(queries.len()).enumerate();
        parts.flat_map(|(part, rows)| rows.into_iter().map(move |row| lookup::found_in(part, &row))).collect()
    };
    Ok(queries.iter().map(of_table).collect())
}

/// Reads some tables; answers which of them are equal, and how many rows they have.
async fn rows(
    sides: &Sides,
    tasks: &mut [Task],
    places: &[usize],
    files_before: &[String],
    valve: &mut dyn Valve,
) -> Result<Vec<(usize, i64)>> {
    let subjects = subjects(tasks, places);
    let (small, large): (Vec<_>, Vec<_>) = held(sides, places, &subjects, files_before)
        .await?
        .into_iter()
        .partition(|(_, _, bytes)| *bytes <= SMALL);
    large.iter().for_each(|(place, _, _)| tasks[*place].is_alone = true);
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
    let (there, here) =
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_go_together_up_to_so_many_keys() {
        let sizes = |tables: &[usize]| -> Vec<usize> {
            together(tables, |keys| *keys).iter().map(|part| part.len()).collect()
        };
        assert_eq!(sizes(&[]), [0usize; 0]);
        assert_eq!(sizes(&[LISTED, 0, 1, LISTED - 1, 5]), [2, 2, 1]);
        assert_eq!(sizes(&[LISTED + 1, LISTED + 1]), [1, 1]);
    }
}
