//! Differential comparison: where all rows were equal at a tick, only those with events since can differ.

use pgq::comparison::{self, Comparison, Progress, Verdict};
use pgq::conflict;
use pgq::position::{self, Mark};

use crate::pair::Pair;
use crate::side::{Sides, texts};
use crate::subject::Subject;
use crate::{Config, Result, touched};

/// Rows besides that are compared although nothing is said of them.
const SAMPLE: i64 = 1000;

/// The tick that a comparison can go on from, or why the whole table has to be read.
pub(crate) async fn base(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    last: Option<&Comparison>,
) -> Result<std::result::Result<(i64, Mark), String>> {
    let Some(last) = last else { return Ok(Err("it was not compared before".to_owned())) };
    let why = match (last.verdict, &last.since) {
        (None, _) => "its last comparison has not come to its end",
        (Some(Verdict::Differs), _) => "it differed the last time",
        (Some(Verdict::Unverified), _) => "it could not be told the last time",
        (Some(Verdict::Equal), None) => "its last comparison is of another version",
        (Some(Verdict::Equal), Some(_)) if last.definition != subject.definition() => {
            "its definition has changed since the last comparison"
        }
        (Some(Verdict::Equal), Some(since)) => {
            if conflict::has_met(&*sides.record, &config.queue, &subject.name, last.began).await? {
                return Ok(Err("it has met conflicts since its last comparison".to_owned()));
            }
            let there = position::mark(&*sides.provider, &config.queue, since.0).await?;
            if there.as_ref() == Some(&since.1) {
                return Ok(Ok(since.clone()));
            }
            "the queue does not hold the events since its last comparison any more"
        }
    };
    Ok(Err(why.to_owned()))
}

/// Begins such a comparison: the keys with events between the tick and the pair's are to be compared, and a few others.
/// `Err` where the whole table has to be read.
pub(crate) async fn begin(
    (sides, config, pair): (&Sides, &Config, &Pair),
    subject: &Subject,
    (tick, mark): (i64, &Mark),
) -> Result<std::result::Result<Comparison, String>> {
    let Ok(since) = mark.snapshot.parse() else {
        return Ok(Err("its last position cannot be read".to_owned()));
    };
    if subject.key.is_empty() {
        return Ok(Err("it has no key".to_owned()));
    }
    let read = touched::read(sides, config, (&since, &pair.until), &[subject], false).await?;
    let Some(mut read) = read else {
        return Ok(Err("too much has changed since its last comparison".to_owned()));
    };
    let touched = read.remove(&subject.name).unwrap_or_default();
    if let Some(why) = touched.whole {
        return Ok(Err(format!("since its last comparison {why}")));
    }
    // what an earlier tick held back is asked for once more: the event tables may have been emptied meanwhile
    if position::mark(&*sides.provider, &config.queue, tick).await?.as_ref() != Some(mark) {
        return Ok(Err("the queue does not hold the events since its last comparison any more".to_owned()));
    }
    let definition = subject.definition();
    let begun = comparison::begin(&*sides.record, &config.queue, &subject.name, &definition, Some(0)).await?;
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
