//! What changed between the two snapshots of a pair, by the queue's events.

use std::collections::{BTreeSet, HashMap};

use apply::{Change, Decoded, Decoder, Op, Row};
use futures_util::StreamExt;
use pgq::{Snapshot, between};

use crate::side::Sides;
use crate::subject::Subject;
use crate::{Config, Result};

/// More bytes of changes than this are not held: the pair is given up.
const LIMIT: usize = 24 << 20;
/// Bytes that a key takes besides its text.
const KEY: usize = 64;

/// What changed of one table.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Keys of rows that changed.
    pub(crate) keys: BTreeSet<Vec<String>>,
    /// The changes in order, where they were asked for.
    pub(crate) changes: Vec<Change>,
    /// Why nothing can be said of the table by this pair: it was emptied, or an event cannot be read.
    pub(crate) whole: Option<String>,
}

/// What changed of the tables between two snapshots; `None` where it is too much to be held. Changes themselves are
/// kept of tables without key, and of all with `rows`.
pub(crate) async fn read(
    sides: &Sides,
    config: &Config,
    (earlier, later): (&Snapshot, &Snapshot),
    subjects: &[&Subject],
    rows: bool,
) -> Result<Option<HashMap<String, Touched>>> {
    let mut decoder = Decoder::new();
    if pgq::batch::can_tick_now(&*sides.provider).await? {
        decoder.refresh_shapes(&sides.provider).await?;
    }
    let names: Vec<String> = subjects.iter().map(|subject| subject.name.clone()).collect();
    let by_name: HashMap<&str, &Subject> = subjects.iter().map(|s| (s.name.as_str(), *s)).collect();
    let mut touched: HashMap<String, Touched> = HashMap::new();
    let mut bytes = 0;
    let mut events = between::events(&*sides.provider, &config.queue, (earlier, later), &names).await?;
    while let Some(event) = events.next().await {
        let event = event?;
        let table = event.extra1.clone().unwrap_or_default();
        let Some(subject) = by_name.get(table.as_str()) else { continue };
        let of_table = touched.entry(table).or_default();
        match decoder.decode(&event) {
            Ok(Decoded::Change(change)) => bytes += take(of_table, subject, change, rows),
            Ok(_) => {}
            Err(error) => of_table.whole = Some(error.to_string()),
        }
        if bytes > LIMIT {
            return Ok(None);
        }
    }
    Ok(Some(touched))
}

/// Takes a change over; answers the bytes that are held besides.
fn take(touched: &mut Touched, subject: &Subject, change: Change, rows: bool) -> usize {
    if matches!(change.op, Op::Truncate | Op::TruncatePartition(_)) {
        touched.whole = Some("it is emptied again and again".to_owned());
        return 0;
    }
    let size = change.size();
    if subject.key.is_empty() {
        let whole = |row: &Option<Row>| row.as_ref().is_some_and(|row| has_all(subject, row));
        let told = match change.op {
            Op::Insert => whole(&change.new),
            Op::Update => whole(&change.new) && whole(&change.old),
            Op::Delete => whole(&change.old),
            _ => false,
        };
        if !told {
            touched.whole = Some("its events do not tell whole rows".to_owned());
        }
        touched.changes.push(change);
        return size;
    }
    let mut held = 0;
    for row in change.new.iter().chain(&change.old) {
        match key(subject, row) {
            Some(key) => {
                let size = KEY + key.iter().map(String::len).sum::<usize>();
                held += if touched.keys.insert(key) { size } else { 0 };
            }
            None => touched.whole = Some("its events lack the columns of its key".to_owned()),
        }
    }
    if rows {
        touched.changes.push(change);
        held += size;
    }
    held
}

/// The row tells every column that is compared, under settings that are the same everywhere.
pub(crate) fn has_all(subject: &Subject, row: &Row) -> bool {
    row.columns.pinned && subject.columns.iter().all(|name| row.by_name(name).is_some())
}

/// The key of an event's row.
pub(crate) fn key(subject: &Subject, row: &Row) -> Option<Vec<String>> {
    subject.key.iter().map(|name| row.by_name(name).flatten().map(str::to_owned)).collect()
}
