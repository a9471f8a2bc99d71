//! Tables that both sides sort alike: range after range of the key, by its index, each as a count and a sum of hashes.
//! Where they are not equal, the rows of the range are listed.

use std::collections::{BTreeSet, HashMap};

use pg::Valve;

use crate::difference::{Differing, Lists};
use crate::ends::Ends;
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

/// Behind which key, and up to which one.
type Bounds<'a> = (Option<&'a [String]>, Option<&'a [String]>);

/// A count and a sum of hashes.
type Sum = (i64, i128);

/// A range of the source's rows.
#[derive(Debug)]
struct Range {
    after: Option<Vec<String>>,
    /// Open where the source's rows end.
    up_to: Option<Vec<String>>,
    sum: Sum,
}

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
    let mut ends = Ends::look(sides, &subject, config.range_rows).await?;
    let mut next = Some(source_range(sides, config, &subject, (work.done_up_to(), &mut ends)).await?);
    let mut pace = Pace::begin();
    while let Some(range) = next.take() {
        let bytes = u64::try_from(range.sum.0.saturating_mul(subject.row_bytes)).unwrap_or_default();
        valve.pass(bytes).await;
        let is_last = pace.is_over((sides, config, pair), work.is_gone).await? || range.up_to.is_none();
        let (here, ahead) = if is_last {
            (target_sum(sides, &subject, &range).await?, None)
        } else {
            let ahead = source_range(sides, config, &subject, (range.up_to.clone(), &mut ends));
            let (here, ahead) = tokio::try_join!(target_sum(sides, &subject, &range), ahead)?;
            (here, Some(ahead))
        };
        judge((sides, config), work, &range, here, (&keys, &rows), observer).await?;
        match &range.up_to {
            Some(key) => work.is_at(Half::Source(Some(key.clone()))),
            None => work.read_all(),
        }
        work.keep_now_and_then(sides, config, pair, observer).await?;
        next = ahead;
    }
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await
}

/// Compares one range, without the rows that were touched.
async fn judge(
    (sides, config): (&Sides, &Config),
    work: &mut Work,
    range: &Range,
    here: Sum,
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
    let (there, here) = (without(range.sum, &rows.source), without(here, &rows.target));
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

/// The next range of the source's rows.
async fn source_range(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    (after, ends): (Option<Vec<String>>, &mut Ends),
) -> Result<Range> {
    let relation = &subject.source;
    let what = format!("reading table {} on the source", subject.name);
    let up_to = match ends.next(after.as_deref()) {
        Some(end) => Some(end),
        None => last_of(&sides.source, relation, (after.as_deref(), config.range_rows), &what).await?,
    };
    let sum = sum(&sides.source, relation, (after.as_deref(), up_to.as_deref()), &what).await?;
    ends.met(sum.0);
    Ok(Range { after, up_to, sum })
}

/// The key of the last row of so many, told by the index alone: numbering rows while they are hashed takes half as long
/// again.
async fn last_of(
    session: &pg::Session,
    relation: &Relation,
    (after, rows): (Option<&[String]>, i64),
    what: &str,
) -> Result<Option<Vec<String>>> {
    let (keys, from) = (relation.key_columns().join(", "), &relation.from);
    let (condition, before_last) = (relation.range(after, None), rows - 1);
    let sql =
        format!("select {keys} from {from} where {condition} order by {keys} offset {before_last} limit 1");
    let last = texts(session, what, &sql).await?.into_iter().next();
    Ok(last.and_then(|key| key.into_iter().collect()))
}

async fn target_sum(sides: &Sides, subject: &Subject, range: &Range) -> Result<Sum> {
    let what = format!("reading table {} on the target", subject.name);
    let bounds = (range.after.as_deref(), range.up_to.as_deref());
    sum(&sides.target, &subject.target, bounds, &what).await
}

/// Rows in a range, and the sum of their hashes.
async fn sum(
    session: &pg::Session,
    relation: &Relation,
    (after, up_to): Bounds<'_>,
    what: &str,
) -> Result<Sum> {
    let (hash, from, condition) = (&relation.hash, &relation.from, relation.range(after, up_to));
    // page after page of the rows that the index finds: a quarter less than row after row, and never more pages
    let sql = format!(
        "set enable_indexscan = off; \
         select count(*), coalesce(sum(h), 0) from (select {hash} as h from {from} where {condition}) c; \
         set enable_indexscan = on"
    );
    Ok(sum_of(&texts(session, what, &sql).await?.into_iter().next().unwrap_or_default()))
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

fn sum_of(row: &[Option<String>]) -> Sum {
    let text = |at: usize| row.get(at).and_then(|v| v.as_deref()).unwrap_or("0");
    (text(0).parse().unwrap_or_default(), text(1).parse().unwrap_or_default())
}
