//! Rows of some keys on both sides.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::Result;
use crate::side::{Sides, texts};
use crate::subject::{Relation, Subject};

/// Keys in one statement.
const AT_ONCE: usize = 1000;

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its key, as this side prints it.
    pub(crate) key: Vec<String>,
    pub(crate) hash: i64,
    /// By the hash of its key, where that was asked for.
    pub(crate) bucket: i64,
}

/// Rows of a list of keys, by their places in the list.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) source: HashMap<usize, Found>,
    pub(crate) target: HashMap<usize, Found>,
    /// The keys as either side prints them.
    known: HashSet<Vec<String>>,
}

impl Rows {
    /// Looks for the rows under both snapshots. `mask`: which bits of a key's hash tell its bucket.
    pub(crate) async fn of(
        sides: &Sides,
        subject: &Subject,
        keys: &[Vec<String>],
        mask: i64,
    ) -> Result<Rows> {
        let (source, target) = tokio::try_join!(
            one_side(&sides.source, &subject.source, keys, mask, &subject.name),
            one_side(&sides.target, &subject.target, keys, mask, &subject.name),
        )?;
        let printed = source.values().chain(target.values()).map(|found| found.key.clone());
        let known = printed.chain(keys.iter().cloned()).collect();
        Ok(Rows { source, target, known })
    }

    /// The key is one of the list.
    pub(crate) fn has(&self, key: &[String]) -> bool {
        self.known.contains(key)
    }
}

/// Rows of one side.
pub(crate) async fn one_side(
    session: &pg::Session,
    relation: &Relation,
    keys: &[Vec<String>],
    mask: i64,
    table: &str,
) -> Result<HashMap<usize, Found>> {
    let what = format!("looking for rows of table {table}");
    let mut found = HashMap::new();
    for (part, query) in queries(relation, keys, mask).into_iter().enumerate() {
        found.extend(texts(session, &what, &query).await?.into_iter().map(|row| found_in(part, &row)));
    }
    Ok(found)
}

/// Queries for the rows of keys, so many keys in each.
pub(crate) fn queries(relation: &Relation, keys: &[Vec<String>], mask: i64) -> Vec<String> {
    let columns = relation.key_columns().join(", ");
    let (hash, from, condition) = (&relation.hash, &relation.from, relation.has_listed_key());
    let bucket = if mask == 0 { "0".to_owned() } else { format!("{} & {mask}", relation.key_hash()) };
    let query = |keys: &[Vec<String>]| {
        let listed = relation.listed(keys);
        format!("select v.i, {hash}, {bucket}, {columns} from {listed} join {from} on {condition}")
    };
    keys.chunks(AT_ONCE).map(query).collect()
}

/// A row of one of these queries, and the place of its key in the whole list.
pub(crate) fn found_in(query: usize, row: &[Option<String>]) -> (usize, Found) {
    let number = |at: usize| row.get(at).and_then(|v| v.as_deref()?.parse::<i64>().ok()).unwrap_or_default();
    let place = query * AT_ONCE + usize::try_from(number(0)).unwrap_or_default();
    let key = row.iter().skip(3).map(|v| v.clone().unwrap_or_default()).collect();
    (place, Found { key, hash: number(1), bucket: number(2) })
}

/// Keys of one side behind a key, so many at most, in that side's order.
pub(crate) async fn keys(
    session: &pg::Session,
    relation: &Relation,
    (after, rows): (Option<&[String]>, i64),
    table: &str,
) -> Result<Vec<Vec<String>>> {
    let (columns, from) = (relation.key_columns().join(", "), &relation.from);
    let condition = relation.range(after, None);
    let sql = format!("select {columns} from {from} where {condition} order by {columns} limit {rows}");
    let rows = texts(session, &format!("listing keys of table {table}"), &sql).await?;
    Ok(rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect())
}

/// Those of the keys that no row has.
pub(crate) async fn lacking(
    session: &pg::Session,
    relation: &Relation,
    keys: Vec<Vec<String>>,
    table: &str,
) -> Result<Vec<Vec<String>>> {
    let mut lacking = Vec::new();
    let (from, condition) = (&relation.from, relation.has_listed_key());
    for keys in keys.chunks(AT_ONCE) {
        let listed = relation.listed(keys);
        let sql = format!("select v.i from {listed} where not exists (select from {from} where {condition})");
        for row in texts(session, &format!("looking for rows of table {table}"), &sql).await? {
            let place = row.first().and_then(|v| v.as_deref()?.parse::<usize>().ok());
            lacking.extend(place.and_then(|place| keys.get(place)).cloned());
        }
    }
    Ok(lacking)
}

/// Places of the keys that lie in a range of the source's.
pub(crate) async fn in_range(
    sides: &Sides,
    subject: &Subject,
    keys: &[Vec<String>],
    (after, up_to): (Option<&[String]>, Option<&[String]>),
) -> Result<BTreeSet<usize>> {
    let mut places = BTreeSet::new();
    let relation = &subject.source;
    for (part, keys) in keys.chunks(AT_ONCE).enumerate() {
        let names: Vec<String> = (0..subject.key.len()).map(|at| format!("v.k{at}")).collect();
        let bound = |operator: &str, key: &[String]| {
            format!("row({}) {operator} row({})", names.join(", "), relation.key_literals(key).join(", "))
        };
        let bounds = [after.map(|key| bound(">", key)), up_to.map(|key| bound("<=", key))];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        let condition = if bounds.is_empty() { "true".to_owned() } else { bounds.join(" and ") };
        let sql = format!("select v.i from {} where {condition}", relation.listed(keys));
        for row in texts(&sides.source, "sorting changed keys", &sql).await? {
            let place = row[0].as_deref().and_then(|v| v.parse::<usize>().ok()).unwrap_or_default();
            places.insert(part * AT_ONCE + place);
        }
    }
    Ok(places)
}
