//! Tables that both sides sort alike: range after range of the key, by its index, each as a count and a sum of hashes.
//! Where they are not equal, the rows of the range are listed.

use std::collections::{BTreeSet, HashMap};

use pg::Valve;

use crate::ahead::{Ahead, Bounds, Range, Sum};
use crate::difference::{Differing, Lists};
use crate::lookup::{self, Found, Rows};
use crate::pace::Pace;
use crate::pair::Pair;
use crate::side::{Sides, by_index, texts};
use crate::subject::{Relation, Subject};
use crate::sums::{differing, sums, take_away};
use crate::touched::Touched;
use crate::work::{Half, Work};
use crate::{Config, Observer, Result};

/// Which bits of a key's hash tell the bucket that a row of a range is in: so few rows are listed where few differ.
const MASK: i64 = 63;

/// Compares ranges until the pair is old or all are done.
pub(crate) async fn go_on(
    (sides, config, pair): (&Sides, &Config, &Pair),
    work: &mut Work,
    touched: &Touched,
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<()> {
    by_index(&sides.source, true).await?;
    by_index(&sides.target, true).await?;
    let subject = work.subject.clone();
    let keys: Vec<Vec<String>> = touched.keys.iter().cloned().collect();
    let rows = Rows::of(sides, &subject, &keys, MASK).await?;
    let mut ahead = Ahead::behind(work.done_up_to(), sides, config, &subject).await?;
    let mut pace = Pace::begin();
    while let Some(range) = ahead.next().await? {
        let bytes = u64::try_from(range.there.0.saturating_mul(subject.row_bytes)).unwrap_or_default();
        valve.pass(bytes).await;
        judge((sides, config), work, &range, (&keys, &rows), observer).await?;
        match range.up_to {
            Some(key) => work.is_at(Half::Source(Some(key))),
            None => work.read_all(),
        }
        work.keep_now_and_then(sides, config, pair, observer).await?;
        if pace.is_over((sides, config, pair), work.is_gone).await? {
            break;
        }
    }
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await
}

/// Compares one range, without the rows that were touched.
async fn judge(
    (sides, config): (&Sides, &Config),
    work: &mut Work,
    range: &Range,
    (keys, rows): (&[Vec<String>], &Rows),
    observer: &mut dyn Observer,
) -> Result<()> {
    let bounds = (range.after.as_deref(), range.up_to.as_deref());
    let touched = lookup::in_range(sides, &work.subject, keys, bounds).await?;
    let without = |sum: Sum, found: &HashMap<usize, Found>| {
        touched
            .iter()
            .filter_map(|place| found.get(place))
            .fold(sum, |(rows, sum), row| (rows - 1, sum - i128::from(row.hash)))
    };
    let (there, here) = (without(range.there, &rows.source), without(range.here, &rows.target));
    if there != here {
        if config.count_only {
            let rows = usize::try_from(there.0.abs_diff(here.0)).unwrap_or(usize::MAX);
            work.tell(observer, rows, Vec::new());
        } else {
            let differ = differences(sides, config, &work.subject, bounds, (&touched, rows)).await?;
            work.differ(sides, config, observer, differ).await?;
        }
    }
    let later: BTreeSet<usize> = touched;
    work.compared(there.0, later.iter().map(|place| Subject::kept(&keys[*place])));
    Ok(())
}

/// The rows of a range that differ: those of the buckets that differ are listed, the target's part by part, since there
/// may be many more of them.
async fn differences(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    bounds: Bounds<'_>,
    (touched, rows): (&BTreeSet<usize>, &Rows),
) -> Result<Differing> {
    let untouched = |row: &Found| !rows.has(&row.key);
    let buckets = buckets(sides, subject, bounds, (touched, rows)).await?;
    let of_buckets = |relation: &Relation| format!("{} & {MASK} in ({buckets})", relation.key_hash());
    let (there, here) = (of_buckets(&subject.source), of_buckets(&subject.target));
    let part = config.range_rows;
    let target = async |after: Option<&[String]>| {
        let bounds = ((after, bounds.1), Some(here.as_str()));
        listed(&sides.target, &subject.target, bounds, Some(part), &subject.name).await
    };
    let (source, mut some) = tokio::try_join!(
        listed(&sides.source, &subject.source, (bounds, Some(&there)), None, &subject.name),
        target(bounds.0),
    )?;
    let mut lists = Lists::of(source.into_iter().filter(untouched));
    loop {
        let after = some.last().map(|row| row.key.clone());
        let is_last = i64::try_from(some.len()).unwrap_or_default() < part;
        lists.take(some.into_iter().filter(untouched));
        if is_last {
            return Ok(lists.end());
        }
        some = target(after.as_deref()).await?;
    }
}

/// The buckets of a range in which rows differ, as a list in SQL; there is one at least.
async fn buckets(
    sides: &Sides,
    subject: &Subject,
    (after, up_to): Bounds<'_>,
    (touched, rows): (&BTreeSet<usize>, &Rows),
) -> Result<String> {
    let of_side = async |session: &pg::Session, relation: &Relation, found: &HashMap<usize, Found>| {
        let (bucket, condition) = (format!("{} & {MASK}", relation.key_hash()), relation.range(after, up_to));
        let mut sums = sums(session, relation, (&bucket, &condition), &subject.name).await?;
        take_away(&mut sums, touched.iter().filter_map(|place| found.get(place)));
        Ok::<_, crate::Error>(sums)
    };
    let (there, here) = tokio::try_join!(
        of_side(&sides.source, &subject.source, &rows.source),
        of_side(&sides.target, &subject.target, &rows.target),
    )?;
    let differ = differing(&there, &here);
    Ok(differ.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// Rows of a range that a further condition holds for, so many at most: those with the first keys.
pub(crate) async fn listed(
    session: &pg::Session,
    relation: &Relation,
    ((after, up_to), further): (Bounds<'_>, Option<&str>),
    limit: Option<i64>,
    table: &str,
) -> Result<Vec<Found>> {
    let (columns, mut condition) = (relation.key_columns().join(", "), relation.range(after, up_to));
    condition.extend(further.iter().flat_map(|further| [" and ", *further]));
    let limit = limit.map(|rows| format!(" order by {columns} limit {rows}")).unwrap_or_default();
    let sql = format!("select {}, {columns} from {} where {condition}{limit}", relation.hash, relation.from);
    Ok(texts(session, &format!("listing rows of table {table}"), &sql)
        .await?
        .into_iter()
        .map(found)
        .collect())
}

/// A row that was listed: its hash, and then its key.
pub(crate) fn found(row: Vec<Option<String>>) -> Found {
    let mut values = row.into_iter().map(Option::unwrap_or_default);
    let hash = values.next().and_then(|v| v.parse().ok()).unwrap_or_default();
    Found { hash, key: values.collect(), bucket: 0 }
}
