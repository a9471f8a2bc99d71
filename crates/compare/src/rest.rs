//! Comparison at rest: while the root refuses changes before a switch, and its successor has its last tick.
//!
//! Every second of it is an outage, so all that can be is done before: tables are looked at, and known to be equal at a
//! tick. What is left are the keys with events since, read in one go for all tables, and their rows. A table without
//! such events is equal because it was. Where nothing is known of a table, or its events do not tell, all of it is
//! read.

use futures_util::{StreamExt, stream};
use pgq::comparison::{self, Beginning, Equal, Verdict};
use pgq::position::{self, Mark};
use pgq::table::TableInfo;

use crate::lookup::Rows;
use crate::pair;
use crate::side::{Sides, by_index};
use crate::since::Earlier;
use crate::subject::Subject;
use crate::touched::Touched;
use crate::{Config, Observer, Outcome, Result, Valves, look, run, touched};

/// Tables whose rows are asked for at once over one connection: the server works while the answers travel.
const AT_ONCE: usize = 16;

/// Tables that are about to come to rest.
#[derive(Debug, Default)]
pub struct Resting {
    /// Those that were equal at a tick.
    known: Vec<Subject>,
    /// The oldest of these ticks.
    oldest: Option<(i64, Mark)>,
    /// Those of which all rows have to be read.
    unknown: Vec<TableInfo>,
}

impl Resting {
    /// How many tables have to be read as a whole.
    pub fn unknown(&self) -> usize {
        self.unknown.len()
    }
}

/// What was found at rest.
#[derive(Debug, Default)]
pub struct AtRest {
    /// Tables that were looked at, without those that have not changed.
    pub tables: usize,
    /// Rows compared.
    pub rows: usize,
    /// Tables whose rows differ.
    pub differ: Vec<String>,
    /// Tables about which nothing can be said, and why.
    pub unverified: Vec<(String, String)>,
}

/// Looks at the tables before they rest. `all`: nothing that is known counts, all rows are to be read.
///
/// # Errors
/// A connection is lost.
pub async fn before_rest(sides: &Sides, config: &Config, tables: &[TableInfo], all: bool) -> Result<Resting> {
    sides.pin().await?;
    if all {
        return Ok(Resting { unknown: tables.to_vec(), ..Resting::default() });
    }
    let mut earlier = Earlier::read(sides, config).await?;
    let mut resting = Resting::default();
    let looked = look::all((&sides.provider, &sides.record), tables, false).await?;
    for (info, looked) in tables.iter().zip(looked) {
        // it is looked at once more, and the reason told
        let Ok(subject) = looked else {
            resting.unknown.push(info.clone());
            continue;
        };
        match earlier.base(sides, config, &subject).await? {
            Ok(base) => {
                if resting.oldest.as_ref().is_none_or(|oldest| base.0 < oldest.0) {
                    resting.oldest = Some(base);
                }
                resting.known.push(subject);
            }
            Err(_) => resting.unknown.push(info.clone()),
        }
    }
    Ok(resting)
}

/// Compares tables that are at rest: `config.last_tick` is the root's last tick, which the leaf has applied. The
/// connections are those of [`before_rest`], or others that nobody has used.
///
/// # Errors
/// A connection is lost, or another comparison is at work.
pub async fn at_rest(
    connections: &[Sides],
    config: &Config,
    resting: &Resting,
    tables: &[TableInfo],
    observer: &mut dyn Observer,
    valves: &Valves<'_>,
) -> Result<AtRest> {
    let Some(sides) = connections.first() else { return Ok(AtRest::default()) };
    let mut found = AtRest::default();
    let mut whole = resting.unknown.clone();
    if let Some(oldest) = &resting.oldest {
        match changed(sides, config, resting, oldest).await? {
            Some(changed) => {
                let of_name = |name: &str| tables.iter().find(|info| info.name == name).cloned();
                let (told, untold): (Vec<_>, Vec<_>) = resting
                    .known
                    .iter()
                    .filter_map(|subject| Some((subject, changed.get(&subject.name)?)))
                    .partition(|(subject, touched)| touched.whole.is_none() && !subject.key.is_empty());
                whole.extend(untold.iter().filter_map(|(subject, _)| of_name(&subject.name)));
                rows(sides, &told, &mut found).await?;
            }
            None => whole = tables.to_vec(),
        }
    }
    if !whole.is_empty() {
        let compared = run(connections, config, &whole, observer, valves).await?;
        compared.into_iter().for_each(|outcome| found.add(outcome));
    }
    Ok(found)
}

impl AtRest {
    fn add(&mut self, outcome: Outcome) {
        self.tables += 1;
        self.rows += usize::try_from(outcome.rows).unwrap_or_default();
        match outcome.verdict {
            Verdict::Equal => {}
            Verdict::Differs => self.differ.push(outcome.table),
            Verdict::Unverified => {
                let why = outcome.remarks.into_iter().next().unwrap_or_default();
                self.unverified.push((outcome.table, why));
            }
        }
    }
}

/// Keeps that a leaf's tables are equal to its new root's at a tick: it was the root until then, and both were compared
/// at rest. So its next comparison needs not read everything. Answers for how many.
///
/// # Errors
/// A connection is lost.
pub async fn known_equal(sides: &Sides, config: &Config, tables: &[TableInfo], tick: i64) -> Result<usize> {
    sides.pin().await?;
    let queue = config.queue.as_str();
    let Some(mark) = position::mark(&*sides.provider, queue, tick).await? else { return Ok(0) };
    let looked = look::all((&sides.provider, &sides.record), tables, false).await?;
    // of the others their next comparison tells why
    let subjects: Vec<Subject> = looked.into_iter().filter_map(std::result::Result::ok).collect();
    let names: Vec<String> = subjects.iter().map(|subject| subject.name.clone()).collect();
    comparison::start_over(&*sides.record, queue, &names).await?;
    let beginnings: Vec<Beginning> = subjects.iter().map(Subject::beginning).collect();
    comparison::begin(&*sides.record, queue, &beginnings).await?;
    let equal = names.into_iter().map(|table| Equal { table, rows: 0, reason: None });
    let equal: Vec<Equal> = equal.collect();
    Ok(comparison::found_equal(&*sides.record, queue, (tick, &mark), &equal).await?.len())
}

/// What has changed since the oldest tick at which a table is known to be equal; `None` where the queue does not tell.
async fn changed(
    sides: &Sides,
    config: &Config,
    resting: &Resting,
    (tick, mark): &(i64, Mark),
) -> Result<Option<std::collections::HashMap<String, Touched>>> {
    let Ok(earlier) = mark.snapshot.parse() else { return Ok(None) };
    let now = pair::now(&sides.provider, config).await?;
    let subjects: Vec<&Subject> = resting.known.iter().collect();
    let read = touched::read(sides, config, (&earlier, &now), &subjects, false).await?;
    // what an earlier tick held back is asked for once more: the event tables may have been emptied meanwhile
    let there = position::mark(&*sides.provider, &config.queue, *tick).await?;
    Ok(read.filter(|_| there.as_ref() == Some(mark)))
}

/// Compares the rows of the keys that have changed, of many tables at once.
async fn rows(sides: &Sides, told: &[(&Subject, &Touched)], found: &mut AtRest) -> Result<()> {
    by_index(&sides.source, true).await?;
    by_index(&sides.target, true).await?;
    let mut looked = stream::iter(told.iter().map(|(subject, touched)| async move {
        let keys: Vec<Vec<String>> = touched.keys.iter().cloned().collect();
        let rows = Rows::of(sides, subject, &keys, 0).await;
        (subject.name.clone(), keys.len(), rows)
    }))
    .buffer_unordered(AT_ONCE);
    while let Some((name, keys, rows)) = looked.next().await {
        found.tables += 1;
        found.rows += keys;
        match rows {
            Ok(rows) => {
                let hash = |rows: &std::collections::HashMap<usize, crate::lookup::Found>, place: usize| {
                    rows.get(&place).map(|found| found.hash)
                };
                if (0..keys).any(|place| hash(&rows.source, place) != hash(&rows.target, place)) {
                    found.differ.push(name);
                }
            }
            Err(error) if error.ends_all() => return Err(error),
            Err(error) => found.unverified.push((name, error.to_string())),
        }
    }
    drop(looked);
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await
}
