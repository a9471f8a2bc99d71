//! Tables that both sides sort alike: range after range of the key, by its index, each as a count and a sum of hashes. Where they are not equal, the rows of
//! the range are listed.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use pg::Valve;
use pgq::comparison;

use crate::difference::Lists;
use crate::lookup::{self, Found, Rows};
use crate::pair::Pair;
use crate::side::{Sides, by_index, is_in_the_way, texts};
use crate::subject::{Relation, Subject};
use crate::touched::Touched;
use crate::work::Work;
use crate::{Config, Observer, Result};

/// How often is looked whether somebody waits behind the snapshots' locks.
const LOOK: Duration = Duration::from_secs(1);

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
    observer: &mut impl Observer,
    valve: &mut impl Valve,
) -> Result<()> {
    by_index(&sides.source, true).await?;
    by_index(&sides.target, true).await?;
    let subject = work.subject.clone();
    let keys: Vec<Vec<String>> = touched.keys.iter().cloned().collect();
    let rows = Rows::of(sides, &subject, &keys, 0).await?;
    let mut next = Some(source_range(sides, config, &subject, work.done_up_to()).await?);
    let mut looked = Instant::now();
    let mut ends = false;
    while let Some(range) = next.take() {
        if looked.elapsed() > LOOK {
            ends =
                is_in_the_way(sides).await? || comparison::is_to_stop(&*sides.record, &config.queue).await?;
            looked = Instant::now();
        }
        let bytes = u64::try_from(range.sum.0.saturating_mul(subject.row_bytes)).unwrap_or_default();
        valve.pass(bytes).await;
        let is_last = ends
            || range.up_to.is_none()
            || pair.age() >= config.slice
            || config.is_stopped()
            || work.is_gone;
        let (here, ahead) = if is_last {
            (target_sum(sides, &subject, &range).await?, None)
        } else {
            let ahead = source_range(sides, config, &subject, range.up_to.clone());
            let (here, ahead) = tokio::try_join!(target_sum(sides, &subject, &range), ahead)?;
            (here, Some(ahead))
        };
        judge((sides, config), work, &range, here, (&keys, &rows), observer).await?;
        match &range.up_to {
            Some(key) => work.done(key),
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
    observer: &mut impl Observer,
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
            let subject = &work.subject;
            let untouched = |row: &Found| !rows.has(&row.key);
            let source = listed(&sides.source, &subject.source, bounds, None, &subject.name).await?;
            let mut lists = Lists::of(source.into_iter().filter(untouched));
            let (mut after, part) = (bounds.0.map(<[String]>::to_vec), config.range_rows);
            loop {
                let bounds = (after.as_deref(), bounds.1);
                let target =
                    listed(&sides.target, &subject.target, bounds, Some(part), &subject.name).await?;
                after = target.last().map(|row| row.key.clone());
                let is_last = i64::try_from(target.len()).unwrap_or_default() < part;
                lists.take(target.into_iter().filter(untouched));
                if is_last {
                    break;
                }
            }
            work.differ(sides, config, observer, lists.end()).await?;
        }
    }
    let later: BTreeSet<usize> = touched;
    work.compared(there.0, later.iter().map(|place| Subject::kept(&keys[*place])));
    Ok(())
}

/// The next range of the source's rows. Where it ends is told by the index alone; numbering rows while they are hashed
/// takes half as long again.
async fn source_range(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    after: Option<Vec<String>>,
) -> Result<Range> {
    let relation = &subject.source;
    let (keys, from) = (relation.key_columns().join(", "), &relation.from);
    let (condition, before_last) = (relation.range(after.as_deref(), None), config.range_rows - 1);
    let sql =
        format!("select {keys} from {from} where {condition} order by {keys} offset {before_last} limit 1");
    let what = format!("reading table {} on the source", subject.name);
    let last = texts(&sides.source, &what, &sql).await?.into_iter().next();
    let up_to: Option<Vec<String>> = last.and_then(|key| key.into_iter().collect());
    let sum = sum(&sides.source, relation, (after.as_deref(), up_to.as_deref()), &what).await?;
    Ok(Range { after, up_to, sum })
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
    (after, up_to): (Option<&[String]>, Option<&[String]>),
    what: &str,
) -> Result<Sum> {
    let (hash, from, condition) = (&relation.hash, &relation.from, relation.range(after, up_to));
    let sql = format!(
        "select count(*), coalesce(sum(h), 0) from (select {hash} as h from {from} where {condition}) c"
    );
    Ok(sum_of(&texts(session, what, &sql).await?.into_iter().next().unwrap_or_default()))
}

async fn listed(
    session: &pg::Session,
    relation: &Relation,
    (after, up_to): (Option<&[String]>, Option<&[String]>),
    limit: Option<i64>,
    table: &str,
) -> Result<Vec<Found>> {
    let (columns, condition) = (relation.key_columns().join(", "), relation.range(after, up_to));
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
