//! Repair of a table without key: as many of each differing row as the source has, by deletes and inserts of one of
//! several equal rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use apply::{Applier, Change, Columns, Op, Row, Values};
use parts::fail_point;
use pg::{Ident, Session, literal};
use pgq::comparison::DifferingRow;

use crate::files::files;
use crate::side::{Sides, texts};
use crate::subject::{Relation, Subject};
use crate::{Config, Error, Result, buckets, hold, pair, touched};

/// What came of a table's rows.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// Rows of the record that are the source's now, or were found to be.
    pub(crate) done: Vec<String>,
    /// Rows for which the user's condition is not true.
    pub(crate) not_meant: Vec<String>,
    /// Statements that would do it, where nothing was written.
    pub(crate) statements: Vec<String>,
}

/// Equal rows of one side.
#[derive(Debug)]
struct Equal {
    count: usize,
    /// The row as the side prints it.
    text: String,
    /// Its columns.
    values: Vec<Option<String>>,
    /// The user's condition is true for it.
    is_meant: bool,
}

/// The record tells the row itself, so that it can be found.
pub(crate) fn is_told(row: &DifferingRow) -> bool {
    row.key.starts_with('(')
}

/// Brings rows of the record to the number that the source has of each, in one transaction. Rows that change at the
/// same time are left for the next attempt. Whatever it leaves open is the caller's to roll back.
pub(crate) async fn attempt(
    (sides, config): (&Sides, &Config),
    subject: &Subject,
    rows: &[String],
    applier: &mut Applier,
    (apply, condition): (bool, Option<&str>),
) -> Result<Attempt> {
    let mut attempt = Attempt::default();
    let files_before = files(sides, &[subject]).await?;
    let seen = pair::of_source(sides, config).await?;
    let there = equal(&sides.source, &subject.source, rows, condition, &subject.name).await?;
    if files(sides, &[subject]).await? != files_before {
        return Ok(attempt);
    }
    let Some(until) = hold::hold(sides, config, subject, &seen).await? else { return Ok(attempt) };
    let read = touched::read(sides, config, (&seen, &until), &[subject], true).await?;
    let Some(mut read) = read else { return Ok(attempt) };
    let touched = read.remove(&subject.name).unwrap_or_default();
    if touched.whole.is_some() {
        return Ok(attempt);
    }
    let changed = buckets::changed_hashes(sides, subject, &touched).await?;
    let here = equal(&sides.record, &subject.target, rows, condition, &subject.name).await?;
    let columns = Arc::new(Columns {
        names: subject.columns.clone(),
        key: Vec::new(),
        pinned: true,
        left_out: Vec::new(),
    });
    let mut changes = Vec::new();
    let hashes: BTreeSet<i64> = there.keys().chain(here.keys()).copied().collect();
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for hash in hashes {
        let (there, here) = (there.get(&hash), here.get(&hash));
        let known = [there, here].into_iter().flatten();
        let is_meant = known.clone().any(|equal| equal.is_meant);
        if !is_meant {
            attempt.not_meant.extend(known.clone().map(|equal| equal.text.clone()));
        }
        if changed.contains_key(&hash) || !is_meant {
            open.extend(known.map(|equal| equal.text.as_str()));
            continue;
        }
        let count = |side: Option<&Equal>| side.map_or(0, |equal| equal.count);
        let (wanted, found) = (count(there), count(here));
        if let Some(equal) = there {
            let missing = wanted.saturating_sub(found);
            changes.extend((0..missing).map(|_| change(subject, &columns, &equal.values, Op::Insert)));
            attempt.statements.extend((0..missing).map(|_| insert(subject, &equal.values)));
        }
        if let Some(equal) = here {
            let surplus = found.saturating_sub(wanted);
            changes.extend((0..surplus).map(|_| change(subject, &columns, &equal.values, Op::Delete)));
            attempt.statements.extend((0..surplus).map(|_| delete(subject, &equal.values)));
        }
    }
    attempt.done = rows.iter().filter(|row| !open.contains(row.as_str())).cloned().collect();
    if !apply || changes.is_empty() {
        return Ok(attempt);
    }
    attempt.statements.clear();
    hold::write(sides, applier, changes).await?;
    let now = equal(&sides.record, &subject.target, rows, condition, &subject.name).await?;
    let count = |side: &HashMap<i64, Equal>, hash: &i64| side.get(hash).map_or(0, |equal| equal.count);
    let is_open = |equal: &Equal| open.contains(equal.text.as_str());
    let differs =
        |(hash, equal): &(&i64, &Equal)| !is_open(equal) && count(&now, hash) != count(&there, hash);
    if let Some((_, equal)) = there.iter().chain(&now).find(differs) {
        return Err(Error::Refused { row: equal.text.clone(), why: hold::CHANGED });
    }
    fail_point::reached("repair-before-commit");
    hold::commit(sides).await?;
    Ok(attempt)
}

/// Equal rows of one side, by their hash, of those that the side prints like that.
async fn equal(
    session: &Session,
    relation: &Relation,
    rows: &[String],
    condition: Option<&str>,
    table: &str,
) -> Result<HashMap<i64, Equal>> {
    let what = format!("reading rows of table {table}");
    let (hash, from, values) = (&relation.hash, &relation.from, relation.values.join(", "));
    let wanted = rows.iter().map(|row| literal(row)).collect::<Vec<_>>().join(", ");
    let condition = condition.unwrap_or("true");
    let sql = format!(
        "select {hash}, count(*), bool_or(coalesce(({condition}), false)), (array_agg(t.ctid))[1] \
           from {from} where row({values})::text in ({wanted}) group by 1"
    );
    let mut counts = HashMap::new();
    let mut places = Vec::new();
    for mut row in texts(session, &what, &sql).await? {
        let number =
            |text: &Option<String>| text.as_deref().and_then(|v| v.parse::<i64>().ok()).unwrap_or_default();
        let count = usize::try_from(number(&row[1])).unwrap_or_default();
        counts.insert(number(&row[0]), (count, row[2].as_deref() == Some("t")));
        places.extend(row[3].take());
    }
    let mut found = HashMap::new();
    if places.is_empty() {
        return Ok(found);
    }
    let places = places.iter().map(|place| literal(place)).collect::<Vec<_>>().join(", ");
    // in another partition another row may be at the place
    let sql = format!(
        "select {hash}, row({values})::text, {values} from {from} where t.ctid = any (array[{places}]::tid[])"
    );
    for mut row in texts(session, &what, &sql).await? {
        let hash = row[0].as_deref().and_then(|v| v.parse::<i64>().ok()).unwrap_or_default();
        let Some((count, is_meant)) = counts.get(&hash).copied() else { continue };
        let values = row.split_off(2);
        let text = row.pop().flatten().unwrap_or_default();
        found.insert(hash, Equal { count, text, values, is_meant });
    }
    Ok(found)
}

fn change(subject: &Subject, columns: &Arc<Columns>, values: &[Option<String>], op: Op) -> Change {
    let mut packed = Values::with_capacity(values.len(), 64);
    values.iter().for_each(|value| packed.push(value.as_deref()));
    let row = Row { columns: Arc::clone(columns), values: packed };
    let (new, old) = if op == Op::Insert { (Some(row), None) } else { (None, Some(row)) };
    Change { table: Arc::from(subject.name.as_str()), op, new, old, event_id: 0, txid: 0 }
}

fn insert(subject: &Subject, values: &[Option<String>]) -> String {
    let written = subject.columns.iter().zip(values).filter(|(name, _)| !subject.target.is_generated(name));
    let (names, values): (Vec<String>, Vec<String>) = written
        .map(|(name, value)| {
            (Ident::new(name).to_string(), value.as_deref().map_or_else(|| "null".to_owned(), literal))
        })
        .unzip();
    let table = &subject.target.name;
    format!(
        "insert into {table} ({}) overriding system value values ({});",
        names.join(", "),
        values.join(", ")
    )
}

fn delete(subject: &Subject, values: &[Option<String>]) -> String {
    let table = &subject.target.name;
    let same = subject.target.has_values(values);
    format!(
        "delete from {table} where (tableoid, ctid) = (select t.tableoid, t.ctid from {table} t where {same} limit 1);"
    )
}
