//! Tables that the two sides do not sort alike, or that have no key: all rows in one go, as counts and sums of hashes
//! by a few bits of the key's hash, or of the row's. Where those of a bucket are not equal, its rows are listed.

use std::collections::HashMap;

use apply::Row;
use pg::Valve;

use crate::difference::{Differing, Kind, Lists};
use crate::lookup::{Found, Rows};
use crate::side::{Sides, by_index, texts};
use crate::subject::{Relation, Subject};
use crate::sums::{Sums, differing, sums, take_away};
use crate::touched::Touched;
use crate::work::Work;
use crate::{Config, Difference, Observer, Result, ranges};

/// Rows in a bucket, about.
const ROWS: i64 = 1000;
/// Buckets at most, as a power of two: they are held in memory.
const MOST: u32 = 15;
/// Buckets whose rows are listed in one go.
const LISTED: usize = 100;

/// Compares all rows by one pair.
pub(crate) async fn whole(
    (sides, config): (&Sides, &Config),
    work: &mut Work,
    touched: &Touched,
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<()> {
    by_index(&sides.source, false).await?;
    by_index(&sides.target, false).await?;
    let subject = work.subject.clone();
    let bytes = subject.bytes();
    valve.pass(u64::try_from(bytes).unwrap_or_default()).await;
    let mask = mask(subject.expected);
    let [of_there, of_here] = [&subject.source, &subject.target].map(|side| bucket(side, &subject, mask));
    let (mut there, mut here) = tokio::try_join!(
        sums(&sides.source, &subject.source, (&of_there, "true"), &subject.name),
        sums(&sides.target, &subject.target, (&of_here, "true"), &subject.name),
    )?;
    if subject.key.is_empty() {
        by_rows((sides, config), work, touched, (there, here, mask), observer).await?;
    } else {
        let keys: Vec<Vec<String>> = touched.keys.iter().cloned().collect();
        let rows = Rows::of(sides, &subject, &keys, mask).await?;
        take_away(&mut there, rows.source.values());
        take_away(&mut here, rows.target.values());
        let differ = differing(&there, &here);
        if config.count_only {
            let rows: u64 =
                differ.iter().map(|bucket| counted(&there, bucket).abs_diff(counted(&here, bucket))).sum();
            work.tell(observer, usize::try_from(rows).unwrap_or(usize::MAX), Vec::new());
        } else {
            for part in differ.chunks(LISTED) {
                if work.is_full() {
                    work.tell(observer, at_least(&there, &here, part), Vec::new());
                    continue;
                }
                let (source, target) = tokio::try_join!(
                    listed(&sides.source, &subject.source, part, mask, &subject.name),
                    listed(&sides.target, &subject.target, part, mask, &subject.name),
                )?;
                let untouched = |row: &Found| !rows.has(&row.key);
                let mut lists = Lists::of(source.into_iter().filter(untouched));
                lists.take(target.into_iter().filter(untouched));
                work.differ(sides, config, observer, lists.end()).await?;
            }
        }
        let rows = there.values().map(|(rows, _)| rows).sum();
        work.compared(rows, keys.iter().map(|key| Subject::kept(key)));
    }
    work.read_all();
    Ok(())
}

/// How many bits of a hash tell the bucket, as a mask.
fn mask(expected: i64) -> i64 {
    let buckets = u64::try_from(expected / ROWS).unwrap_or_default().max(1).next_power_of_two();
    i64::try_from(buckets.min(1 << MOST)).unwrap_or(1) - 1
}

fn counted(sums: &Sums, bucket: &i64) -> i64 {
    sums.get(bucket).map_or(0, |(rows, _)| *rows)
}

/// How many rows differ in these buckets at least.
fn at_least(there: &Sums, here: &Sums, buckets: &[i64]) -> usize {
    let rows = |bucket| counted(there, bucket).abs_diff(counted(here, bucket)).max(1);
    usize::try_from(buckets.iter().map(rows).sum::<u64>()).unwrap_or(usize::MAX)
}

/// The bucket of a row, as SQL.
fn bucket(relation: &Relation, subject: &Subject, mask: i64) -> String {
    let hash = if subject.key.is_empty() { relation.hash.clone() } else { relation.key_hash() };
    if mask == 0 { "0::int8".to_owned() } else { format!("{hash} & {mask}") }
}

async fn listed(
    session: &pg::Session,
    relation: &Relation,
    buckets: &[i64],
    mask: i64,
    table: &str,
) -> Result<Vec<Found>> {
    let numbers = buckets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let condition = if mask == 0 {
        "true".to_owned()
    } else {
        format!("{} & {mask} in ({numbers})", relation.key_hash())
    };
    let columns = relation.key_columns().join(", ");
    let sql = format!("select {}, {columns} from {} where {condition}", relation.hash, relation.from);
    Ok(texts(session, &format!("listing rows of table {table}"), &sql)
        .await?
        .into_iter()
        .map(ranges::found)
        .collect())
}

/// Rows without key: the target's must be the source's, with the rows that came and without those that went since. The
/// events tell all of them.
async fn by_rows(
    (sides, config): (&Sides, &Config),
    work: &mut Work,
    touched: &Touched,
    (mut there, here, mask): (Sums, Sums, i64),
    observer: &mut dyn Observer,
) -> Result<()> {
    let subject = work.subject.clone();
    let changed = changed_hashes(sides, &subject, touched).await?;
    for (hash, count) in &changed {
        let of_bucket = there.entry(hash & mask).or_default();
        of_bucket.0 += count;
        of_bucket.1 += i128::from(*hash) * i128::from(*count);
    }
    let differ = differing(&there, &here);
    work.compared(here.values().map(|(rows, _)| rows).sum(), std::iter::empty());
    if config.count_only {
        let rows: u64 = differ.iter().map(|b| counted(&there, b).abs_diff(counted(&here, b))).sum();
        work.tell(observer, usize::try_from(rows).unwrap_or(usize::MAX), Vec::new());
        return Ok(());
    }
    for part in differ.chunks(LISTED) {
        if work.is_full() {
            work.tell(observer, at_least(&there, &here, part), Vec::new());
            continue;
        }
        let (mut source, mut target) = tokio::try_join!(
            counts(&sides.source, &subject.source, part, mask, &subject.name),
            counts(&sides.target, &subject.target, part, mask, &subject.name),
        )?;
        for (hash, count) in changed.iter().filter(|(hash, _)| part.contains(&(*hash & mask))) {
            *source.entry(*hash).or_default() += count;
        }
        let mut first = Vec::new();
        let mut rows = 0;
        let hashes: std::collections::BTreeSet<i64> = source.keys().chain(target.keys()).copied().collect();
        for hash in hashes {
            let (there, here) =
                (source.remove(&hash).unwrap_or_default(), target.remove(&hash).unwrap_or_default());
            if there != here {
                rows += usize::try_from(there.abs_diff(here)).unwrap_or(usize::MAX);
                first.push((hash, there > here));
            }
        }
        let differences = shown(sides, config, &subject, &first).await?;
        work.tell(observer, rows, differences);
    }
    Ok(())
}

/// Hashes of rows that came (counted up) and went (counted down).
pub(crate) async fn changed_hashes(
    sides: &Sides,
    subject: &Subject,
    touched: &Touched,
) -> Result<HashMap<i64, i64>> {
    let mut hashes = HashMap::new();
    for part in touched.changes.chunks(200) {
        let rows = part.iter().flat_map(|change| {
            change.new.iter().map(|row| (row, 1)).chain(change.old.iter().map(|row| (row, -1)))
        });
        let hash = |(row, count): (&Row, i64)| {
            let values: Vec<Option<&str>> =
                subject.columns.iter().map(|name| row.by_name(name).flatten()).collect();
            format!("select {}, {count}", subject.source.hash_of(&values))
        };
        let sql = rows.map(hash).collect::<Vec<_>>().join(" union all ");
        for row in texts(&sides.provider, "reading changed rows", &sql).await? {
            let number =
                |at: usize| row[at].as_deref().and_then(|v| v.parse::<i64>().ok()).unwrap_or_default();
            *hashes.entry(number(0)).or_default() += number(1);
        }
    }
    hashes.retain(|_, count| *count != 0);
    Ok(hashes)
}

async fn counts(
    session: &pg::Session,
    relation: &Relation,
    buckets: &[i64],
    mask: i64,
    table: &str,
) -> Result<HashMap<i64, i64>> {
    let numbers = buckets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select h, count(*) from (select {} as h from {}) c where h & {mask} in ({numbers}) group by h",
        relation.hash, relation.from
    );
    let rows = texts(session, &format!("counting rows of table {table}"), &sql).await?;
    let number = |text: &Option<String>| text.as_deref().and_then(|v| v.parse().ok()).unwrap_or_default();
    Ok(rows.iter().map(|row| (number(&row[0]), number(&row[1]))).collect())
}

/// Rows of these hashes as texts, from the side that has more of them.
async fn shown(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    hashes: &[(i64, bool)],
) -> Result<Vec<Difference>> {
    let mut all = Vec::new();
    for (session, relation, at_source) in
        [(&sides.source, &subject.source, true), (&sides.target, &subject.target, false)]
    {
        let kind = if at_source { Kind::MissingOnTarget } else { Kind::MissingOnSource };
        let of_side: Vec<String> = hashes
            .iter()
            .filter(|(_, there)| *there == at_source)
            .map(|(hash, _)| hash.to_string())
            .collect();
        let mut differ = Differing::default();
        for part in of_side.chunks(1000) {
            let sql = format!(
                "select distinct row({})::text from {} where {} in ({})",
                relation.values.join(", "),
                relation.from,
                relation.hash,
                part.join(", ")
            );
            let messages = texts(session, &format!("reading rows of table {}", subject.name), &sql).await?;
            messages.into_iter().for_each(|row| differ.push(row.into_iter().flatten().collect(), kind));
        }
        let hidden = |text: String| if config.values { text } else { format!("row {}", anonymous(&text)) };
        all.extend(differ.first.into_iter().map(|(mut key, kind)| Difference {
            key: hidden(key.pop().unwrap_or_default()),
            kind,
            columns: Vec::new(),
        }));
    }
    Ok(all)
}

/// Something to tell rows apart by, which shows nothing of them.
fn anonymous(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
