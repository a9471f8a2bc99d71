//! Differential comparison: where all rows were equal at a tick, only those with events since can differ.

use std::collections::HashMap;
use std::time::SystemTime;

use pgq::comparison::{self, Beginning, Comparison, Verdict};
use pgq::position::{self, Mark};
use pgq::{Snapshot, conflict};

use crate::pair::Pair;
use crate::side::{Sides, Texts, each};
use crate::subject::Subject;
use crate::touched::{self, Touched};
use crate::{Config, Result};

/// Rows besides that are compared although nothing is said of them.
const SAMPLE: i64 = 1000;
/// Tables that begin together.
const AT_ONCE: usize = 100;

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
    let mut known = Vec::new();
    for (subject, touched) in touched_since((sides, config, pair), &keyed, &since).await? {
        match touched {
            None => begun.push(refused(subject, "too much has changed since its last comparison")),
            Some(Touched { whole: Some(why), .. }) => {
                begun.push(refused(subject, &format!("since its last comparison {why}")));
            }
            Some(touched) => known.push((subject, touched)),
        }
    }
    // what an earlier tick held back is asked for once more: the event tables may have been emptied meanwhile
    if position::mark(&*sides.provider, &config.queue, tick).await?.as_ref() != Some(mark) {
        let why = "the queue does not hold the events since its last comparison any more";
        begun.extend(known.iter().map(|(subject, _)| refused(subject, why)));
        return Ok(begun);
    }
    for part in known.chunks(AT_ONCE) {
        begun.extend(some((sides, config, pair), part).await?);
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

/// Begins with the keys that were touched of some tables, and a sample of the others.
async fn some(
    (sides, config, pair): (&Sides, &Config, &Pair),
    tables: &[(&Subject, Touched)],
) -> Result<Vec<(String, Base<Comparison>)>> {
    let beginning = |(subject, _): &(&Subject, Touched)| Beginning { expected: 0, ..subject.beginning() };
    let beginnings: Vec<Beginning> = tables.iter().map(beginning).collect();
    let begun = comparison::begin(&*sides.record, &config.queue, &beginnings).await?;
    let samples = samples(sides, tables).await?;
    let keys: Vec<(String, Vec<String>)> = tables
        .iter()
        .zip(samples)
        .map(|((subject, touched), sample)| {
            let touched = touched.keys.iter().map(|key| Subject::kept(key));
            (subject.name.clone(), touched.chain(sample).collect())
        })
        .collect();
    comparison::keep_keys(&*sides.record, &config.queue, (pair.tick, &pair.mark), &keys).await?;
    let record = |begun: Comparison| {
        let since = Some((pair.tick, pair.mark.clone()));
        (begun.table.clone(), Ok(Comparison { read_all: true, since, ..begun }))
    };
    Ok(begun.into_iter().map(record).collect())
}

/// Keys of some rows of the source, table after table.
async fn samples(sides: &Sides, tables: &[(&Subject, Touched)]) -> Result<Vec<Vec<String>>> {
    let query = |(subject, _): &(&Subject, Touched)| {
        let share = 100.0 * SAMPLE as f64 / (subject.expected.max(SAMPLE) as f64);
        let columns = subject.source.key_columns().join(", ");
        let from = &subject.source.from;
        format!("select {columns} from {from} tablesample system ({share}) limit {SAMPLE}")
    };
    let queries: Vec<String> = tables.iter().map(query).collect();
    let what = match tables {
        [(subject, _), ..] => format!("reading some rows of table {} and others", subject.name),
        [] => return Ok(Vec::new()),
    };
    let key = |row: Vec<Option<String>>| row.into_iter().collect::<Option<Vec<String>>>();
    let kept = |rows: Texts| rows.into_iter().filter_map(key).map(|key| Subject::kept(&key)).collect();
    let read = match each(&sides.source, &what, &queries).await {
        Err(error) if error.ends_all() => return Err(error),
        Ok(read) => read,
        // of one that cannot be read that is said when its keys are looked for
        Err(_) => {
            let mut read = Vec::new();
            for query in &queries {
                match each(&sides.source, &what, std::slice::from_ref(query)).await {
                    Err(error) if error.ends_all() => return Err(error),
                    rows => read.push(rows.unwrap_or_default().pop().unwrap_or_default()),
                }
            }
            read
        }
    };
    Ok(read.into_iter().map(kept).collect())
}
