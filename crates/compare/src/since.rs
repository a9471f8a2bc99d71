//! Differential comparison: where all rows were equal at a tick, only those with events since can differ.

use std::collections::HashMap;
use std::time::SystemTime;

use pgq::comparison::{self, Beginning, Comparison, Progress, Verdict};
use pgq::position::{self, Mark};
use pgq::{Snapshot, conflict};

use crate::pair::Pair;
use crate::side::{Sides, texts};
use crate::subject::Subject;
use crate::touched::{self, Touched};
use crate::{Config, Result};

/// Rows besides that are compared although nothing is said of them.
const SAMPLE: i64 = 1000;

/// What a comparison goes on from, or why the whole table has to be read.
pub(crate) type Base<T> = std::result::Result<T, String>;

/// What is known of earlier comparisons, asked for all tables at once.
#[derive(Debug)]
pub(crate) struct Earlier {
    known: HashMap<String, Comparison>,
    conflicts: HashMap<String, SystemTime>,
    /// What the queue tells of ticks now.
    marks: HashMap<i64, Option<Mark>>,
}

impl Earlier {
    /// Asks for all that is known.
    pub(crate) async fn read(sides: &Sides, config: &Config) -> Result<Earlier> {
        let known = comparison::list(&*sides.record, &config.queue).await?;
        let known = known.into_iter().map(|comparison| (comparison.table.clone(), comparison)).collect();
        let conflicts = conflict::last_times(&*sides.record, &config.queue).await?;
        Ok(Earlier { known, conflicts, marks: HashMap::new() })
    }

    /// The tick that a comparison can go on from, or why the whole table has to be read.
    pub(crate) async fn base(
        &mut self,
        sides: &Sides,
        config: &Config,
        subject: &Subject,
    ) -> Result<Base<(i64, Mark)>> {
        let Some(last) = self.known.get(&subject.name) else {
            return Ok(Err("it was not compared before".to_owned()));
        };
        let why = match (last.verdict, &last.since) {
            (None, _) => "its last comparison has not come to its end",
            (Some(Verdict::Differs), _) => "it differed the last time",
            (Some(Verdict::Unverified), _) => "it could not be told the last time",
            (Some(Verdict::Equal), None) => "its last comparison is of another version",
            (Some(Verdict::Equal), Some(_)) if last.definition != subject.definition() => {
                "its definition has changed since the last comparison"
            }
            (Some(Verdict::Equal), Some(_))
                if self.conflicts.get(&subject.name).is_some_and(|time| *time >= last.began) =>
            {
                "it has met conflicts since its last comparison"
            }
            (Some(Verdict::Equal), Some((tick, mark))) => {
                if !self.marks.contains_key(tick) {
                    let there = position::mark(&*sides.provider, &config.queue, *tick).await?;
                    self.marks.insert(*tick, there);
                }
                if self.marks.get(tick).and_then(Option::as_ref) == Some(mark) {
                    return Ok(Ok((*tick, mark.clone())));
                }
                "the queue does not hold the events since its last comparison any more"
            }
        };
        Ok(Err(why.to_owned()))
    }
}

/// Begins such comparisons of tables that were equal at the same tick: the keys with events between that and the pair's
/// are to be compared, and a few others.
pub(crate) async fn begin(
    (sides, config, pair): (&Sides, &Config, &Pair),
    subjects: &[&Subject],
    (tick, mark): (i64, &Mark),
) -> Result<Vec<(String, Base<Comparison>)>> {
    let refused = |subject: &Subject, why: &str| (subject.name.clone(), Err(why.to_owned()));
    let Ok(since) = mark.snapshot.parse() else {
        let why = "its last position cannot be read";
        return Ok(subjects.iter().map(|subject| refused(subject, why)).collect());
    };
    let (keyed, others): (Vec<&Subject>, Vec<&Subject>) =
        subjects.iter().partition(|subject| !subject.key.is_empty());
    let mut begun: Vec<_> = others.into_iter().map(|subject| refused(subject, "it has no key")).collect();
    for (subject, touched) in touched_since((sides, config, pair), &keyed, &since).await? {
        begun.push(match touched {
            None => refused(subject, "too much has changed since its last comparison"),
            Some(Touched { whole: Some(why), .. }) => {
                refused(subject, &format!("since its last comparison {why}"))
            }
            Some(touched) => {
                let table = one((sides, config, pair), subject, &touched, (tick, mark)).await?;
                (subject.name.clone(), table)
            }
        });
    }
    Ok(begun)
}

/// What has changed of tables since a snapshot; `None` for one of which it is too much.
async fn touched_since<'a>(
    (sides, config, pair): (&Sides, &Config, &Pair),
    subjects: &[&'a Subject],
    since: &Snapshot,
) -> Result<Vec<(&'a Subject, Option<Touched>)>> {
    let between = (since, &pair.until);
    let mut found = Vec::new();
    if let Some(mut read) = touched::read(sides, config, between, subjects, false).await? {
        let of_table =
            |subject: &&'a Subject| (*subject, Some(read.remove(&subject.name).unwrap_or_default()));
        found.extend(subjects.iter().map(of_table));
        return Ok(found);
    }
    // too much of all of them together
    for subject in subjects {
        let read = match subjects {
            [_] => None,
            _ => touched::read(sides, config, between, &[subject], false).await?,
        };
        let touched = read.map(|mut read| read.remove(&subject.name).unwrap_or_default());
        found.push((*subject, touched));
    }
    Ok(found)
}

async fn one(
    (sides, config, pair): (&Sides, &Config, &Pair),
    subject: &Subject,
    touched: &Touched,
    (tick, mark): (i64, &Mark),
) -> Result<Base<Comparison>> {
    // what an earlier tick held back is asked for once more: the event tables may have been emptied meanwhile
    if position::mark(&*sides.provider, &config.queue, tick).await?.as_ref() != Some(mark) {
        return Ok(Err("the queue does not hold the events since its last comparison any more".to_owned()));
    }
    let beginning = Beginning { expected: 0, ..subject.beginning() };
    let begun = comparison::begin(&*sides.record, &config.queue, &[beginning]).await?.pop();
    let Some(begun) = begun else { return Ok(Err("another comparison has taken its place".to_owned())) };
    let mut keys: Vec<String> = touched.keys.iter().map(|key| Subject::kept(key)).collect();
    keys.extend(sample(sides, subject).await?);
    let progress = Progress { read_all: true, keys, ..Progress::default() };
    comparison::keep(&*sides.record, &config.queue, &subject.name, (pair.tick, &pair.mark), &progress)
        .await?;
    Ok(Ok(Comparison { read_all: true, since: Some((pair.tick, pair.mark.clone())), ..begun }))
}

/// Keys of some rows of the source.
async fn sample(sides: &Sides, subject: &Subject) -> Result<Vec<String>> {
    let share = 100.0 * SAMPLE as f64 / (subject.expected.max(SAMPLE) as f64);
    let columns = subject.source.key_columns().join(", ");
    let from = &subject.source.from;
    let sql = format!("select {columns} from {from} tablesample system ({share}) limit {SAMPLE}");
    let rows = texts(&sides.source, &format!("reading some rows of table {}", subject.name), &sql).await?;
    let key = |row: Vec<Option<String>>| row.into_iter().collect::<Option<Vec<String>>>();
    Ok(rows.into_iter().filter_map(key).map(|key| Subject::kept(&key)).collect())
}
