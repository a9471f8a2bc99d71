//! Repair of rows that differ: the source's row is written into the target at a moment when the target's worker is at a
//! tick that sees what the source's snapshot sees, and no event of the row lies between. So no change is overtaken: the
//! batches that follow find the row as they would have found it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use apply::{Applier, Change, Columns, Op, Options, Row, Values};
use futures_util::future::BoxFuture;
use parts::fail_point;
use pg::{Ident, literal};
use pgq::comparison::{self, DifferingRow};
use pgq::replay;
use pgq::table::TableInfo;
use tokio::time::sleep;

use crate::error::During;
use crate::files::files;
use crate::pair;
use crate::side::{Sides, texts};
use crate::subject::Subject;
use crate::{Config, Error, Result, difference, hold, look, lookup, repair_rows, touched};

/// Rows written in one transaction.
const AT_ONCE: usize = 100;
/// How often a row is tried that changes at the same time.
const TRIES: usize = 30;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(300);

/// Why a row is left whose changes overtake every attempt.
const RESTLESS: &str = "it changes all the time: replay brings it whole with its next change, or try again";
/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Repair {
    /// Rows are written; otherwise it is only told how.
    pub apply: bool,
    /// Only rows for which this SQL condition is true on either side.
    pub condition: Option<String>,
}

/// What has become of a table's rows.
#[derive(Debug, Clone, Default)]
pub struct Repaired {
    /// Rows that are the source's now, or were found to be.
    pub done: usize,
    /// Statements that would do it, where nothing was written.
    pub statements: Vec<String>,
    /// Rows that are left, and why.
    pub left: Vec<(String, String)>,
}

/// Repairs the rows of a table that its last comparison has found to differ.
///
/// # Errors
/// A connection is lost, or the table cannot be looked at. Rows that cannot be written are told in the answer.
pub fn repair<'a>(
    sides: &'a Sides,
    config: &'a Config,
    info: &'a TableInfo,
    asked: &'a Repair,
) -> BoxFuture<'a, Result<Repaired>> {
    // boxed, as `run` is
    Box::pin(one_table(sides, config, info, asked))
}

async fn one_table(sides: &Sides, config: &Config, info: &TableInfo, asked: &Repair) -> Result<Repaired> {
    sides.pin().await?;
    let mut repaired = Repaired::default();
    let looked = look::one((&sides.provider, &sides.record), info, false).await?;
    let subject = match looked {
        Ok(subject) => subject,
        Err(why) => {
            repaired.left.push((info.name.clone(), why));
            return Ok(repaired);
        }
    };
    let kept = comparison::differing_rows(&*sides.record, &config.queue, &info.name).await?;
    let mut applier = Applier::new(Options {
        bypass_triggers: replay::may_bypass_triggers(&*sides.record).await?,
        ..Options::default()
    });
    applier.set_dest(&info.name, info.dest());
    if subject.key.is_empty() {
        without_key(sides, config, &subject, (kept, asked), &mut applier, &mut repaired).await?;
        return Ok(repaired);
    }
    let mut keys: Vec<Vec<String>> =
        kept.iter().filter_map(|row: &DifferingRow| Subject::key_of(&row.key)).collect();
    keys = chosen(sides, &subject, keys, asked).await?;
    let mut tries = 0;
    let mut size = AT_ONCE;
    while !keys.is_empty() && !config.is_stopped() {
        let part: Vec<Vec<String>> = keys.iter().take(size).cloned().collect();
        let attempt = attempt(sides, config, &subject, &part, &mut applier, asked.apply).await;
        pair::close_both(sides).await?;
        sides.record.batch_execute("rollback").await.during("ending a repair")?;
        match attempt {
            Ok(attempt) => {
                repaired.statements.extend(attempt.statements);
                let done: Vec<String> =
                    attempt.done.iter().map(|place| Subject::kept(&part[*place])).collect();
                if asked.apply {
                    comparison::repaired(&*sides.record, &config.queue, &info.name, &done).await?;
                }
                repaired.done += done.len();
                let again = part.iter().enumerate().filter(|(place, _)| !attempt.done.contains(place));
                let again: Vec<Vec<String>> = again.map(|(_, key)| key.clone()).collect();
                keys.drain(..part.len());
                tries = if attempt.done.is_empty() { tries + 1 } else { 0 };
                keys.extend(again);
                size = AT_ONCE;
            }
            Err(error) if error.ends_all() => return Err(error),
            Err(_) if size > 1 => {
                applier.reset();
                // one of them is the culprit
                size = 1;
                continue;
            }
            Err(error) if hold::may_pass(&error) && tries < TRIES => {
                applier.reset();
                tries += 1;
            }
            Err(error) => {
                applier.reset();
                keys.drain(..1);
                repaired.left.push((subject.shown(&Subject::kept(&part[0])), error.to_string()));
                (size, tries) = (AT_ONCE, 0);
                continue;
            }
        }
        if tries >= TRIES {
            repaired
                .left
                .extend(keys.drain(..).map(|key| (subject.shown(&Subject::kept(&key)), RESTLESS.to_owned())));
        } else if tries > 0 {
            sleep(PAUSE).await;
        }
    }
    Ok(repaired)
}

/// Keys whose rows the user's condition takes, on either side.
async fn chosen(
    sides: &Sides,
    subject: &Subject,
    keys: Vec<Vec<String>>,
    asked: &Repair,
) -> Result<Vec<Vec<String>>> {
    let Some(condition) = asked.condition.as_deref().filter(|_| !keys.is_empty()) else { return Ok(keys) };
    let mut places = BTreeSet::new();
    for (session, relation) in [(&sides.provider, &subject.source), (&sides.record, &subject.target)] {
        let (listed, same, from) = (relation.listed(&keys), relation.has_listed_key(), &relation.from);
        let sql = format!("select v.i from {listed} join {from} on {same} where ({condition})");
        for row in texts(session, "trying the condition of --repair-where", &sql).await? {
            places.extend(row[0].as_deref().and_then(|place| place.parse::<usize>().ok()));
        }
    }
    Ok(keys.into_iter().enumerate().filter(|(place, _)| places.contains(place)).map(|(_, key)| key).collect())
}

/// What came of some keys.
#[derive(Debug, Default)]
struct Attempt {
    /// Places of those that are done.
    done: BTreeSet<usize>,
    statements: Vec<String>,
}

/// Writes some rows in one transaction. Whatever it leaves open is the caller's to roll back.
async fn attempt(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    keys: &[Vec<String>],
    applier: &mut Applier,
    write: bool,
) -> Result<Attempt> {
    let mut attempt = Attempt::default();
    let files_before = files(sides, &[subject]).await?;
    let seen = pair::of_source(sides, config).await?;
    let there = difference::values(&sides.source, &subject.source, keys, &subject.name).await?;
    if files(sides, &[subject]).await? != files_before {
        return Ok(attempt);
    }
    let Some(until) = hold::hold(sides, config, subject, &seen).await? else { return Ok(attempt) };
    let read = touched::read(sides, config, (&seen, &until), &[subject], false).await?;
    let Some(mut read) = read else { return Ok(attempt) };
    let touched = read.remove(&subject.name).unwrap_or_default();
    if touched.whole.is_some() {
        return Ok(attempt);
    }
    let here = lookup::one_side(&sides.record, &subject.target, keys, 0, &subject.name).await?;
    let wanted = lookup::one_side(&sides.source, &subject.source, keys, 0, &subject.name).await?;
    let free = |place: &usize| !touched.keys.contains(&keys[*place]);
    let columns = Arc::new(Columns {
        names: subject.columns.clone(),
        key: subject.key.iter().filter_map(|name| subject.columns.iter().position(|c| c == name)).collect(),
        pinned: true,
        left_out: Vec::new(),
    });
    let mut changes = Vec::new();
    for place in (0..keys.len()).filter(free) {
        attempt.done.insert(place);
        let is_same = match (wanted.get(&place), here.get(&place)) {
            (Some(there), Some(here)) => there.hash == here.hash,
            (None, None) => true,
            _ => false,
        };
        if is_same {
            continue;
        }
        let row = there.get(&place);
        attempt.statements.extend(statements(subject, &keys[place], row, here.contains_key(&place)));
        changes.push(change(subject, &columns, &keys[place], row));
    }
    if !write || changes.is_empty() {
        return Ok(attempt);
    }
    attempt.statements.clear();
    hold::write(sides, applier, changes).await?;
    let now = lookup::one_side(&sides.record, &subject.target, keys, 0, &subject.name).await?;
    let differs =
        |place: &&usize| now.get(*place).map(|row| row.hash) != wanted.get(*place).map(|row| row.hash);
    if let Some(place) = attempt.done.iter().find(differs) {
        return Err(Error::Refused { row: subject.shown(&Subject::kept(&keys[*place])), why: hold::CHANGED });
    }
    fail_point::reached("repair-before-commit");
    hold::commit(sides).await?;
    Ok(attempt)
}

/// Brings the rows of a table without key to the number that the source has of each.
async fn without_key(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    (kept, asked): (Vec<DifferingRow>, &Repair),
    applier: &mut Applier,
    repaired: &mut Repaired,
) -> Result<()> {
    let (told, hidden): (Vec<DifferingRow>, Vec<DifferingRow>) =
        kept.into_iter().partition(repair_rows::is_told);
    let why = "it was found by compare --no-values, which does not keep the row: compare the table again";
    repaired.left.extend(hidden.into_iter().map(|row| (row.key, why.to_owned())));
    let mut rows: Vec<String> = told.into_iter().map(|row| row.key).collect();
    for _ in 0..TRIES {
        if rows.is_empty() || config.is_stopped() {
            break;
        }
        let meant = (asked.apply, asked.condition.as_deref());
        let attempt = repair_rows::attempt((sides, config), subject, &rows, applier, meant).await;
        pair::close_both(sides).await?;
        sides.record.batch_execute("rollback").await.during("ending a repair")?;
        match attempt {
            Ok(attempt) => {
                repaired.statements.extend(attempt.statements);
                if asked.apply {
                    comparison::repaired(&*sides.record, &config.queue, &subject.name, &attempt.done).await?;
                }
                rows.retain(|row| !attempt.done.contains(row) && !attempt.not_meant.contains(row));
                repaired.done += attempt.done.len();
            }
            Err(error) if error.ends_all() => return Err(error),
            Err(error) if hold::may_pass(&error) => applier.reset(),
            Err(error) => {
                applier.reset();
                let why = error.to_string();
                repaired.left.extend(rows.drain(..).map(|row| (row, why.clone())));
            }
        }
        if !rows.is_empty() {
            sleep(PAUSE).await;
        }
    }
    repaired.left.extend(rows.into_iter().map(|row| (row, RESTLESS.to_owned())));
    Ok(())
}

/// What a key's row has to be, as the applier takes it.
fn change(
    subject: &Subject,
    columns: &Arc<Columns>,
    key: &[String],
    row: Option<&Vec<Option<String>>>,
) -> Change {
    let packed = |values: &mut dyn Iterator<Item = Option<&str>>| {
        let mut packed = Values::with_capacity(columns.names.len(), 64);
        values.for_each(|value| packed.push(value));
        Row { columns: Arc::clone(columns), values: packed }
    };
    let of_key: HashMap<&str, &str> =
        subject.key.iter().map(String::as_str).zip(key.iter().map(String::as_str)).collect();
    let gone = || packed(&mut columns.names.iter().map(|name| of_key.get(name.as_str()).copied()));
    Change {
        table: Arc::from(subject.name.as_str()),
        op: Op::Put,
        new: row.map(|row| packed(&mut row.iter().map(Option::as_deref))),
        old: row.is_none().then(gone),
        event_id: 0,
        txid: 0,
    }
}

/// The same as SQL for people.
fn statements(
    subject: &Subject,
    key: &[String],
    row: Option<&Vec<Option<String>>>,
    is_here: bool,
) -> Option<String> {
    let table = &subject.target.name;
    let pairs = subject.key.iter().zip(subject.target.key_literals(key));
    let same = pairs
        .map(|(name, value)| format!("{} = {value}", Ident::new(name)))
        .collect::<Vec<_>>()
        .join(" and ");
    let Some(row) = row else { return is_here.then(|| format!("delete from {table} where {same};")) };
    let written = subject.columns.iter().zip(row).filter(|(name, _)| !subject.target.is_generated(name));
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "null".to_owned(), literal);
    if is_here {
        let sets = written.map(|(name, v)| format!("{} = {}", Ident::new(name), value(v)));
        return Some(format!("update {table} set {} where {same};", sets.collect::<Vec<_>>().join(", ")));
    }
    let (names, values): (Vec<String>, Vec<String>) =
        written.map(|(name, v)| (Ident::new(name).to_string(), value(v))).unzip();
    Some(format!(
        "insert into {table} ({}) overriding system value values ({});",
        names.join(", "),
        values.join(", ")
    ))
}
