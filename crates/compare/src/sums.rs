//! Sums of rows by bucket: which rows of many may differ is told by a count and a sum of hashes for each bucket.

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use crate::lookup::Found;
use crate::side::texts;
use crate::subject::Relation;

/// Rows and sum of hashes of each bucket.
pub(crate) type Sums = BTreeMap<i64, (i64, i128)>;

/// Counts and adds up the rows that the condition holds for; `bucket` is a row's bucket, as SQL.
pub(crate) async fn sums(
    session: &pg::Session,
    relation: &Relation,
    (bucket, condition): (&str, &str),
    table: &str,
) -> Result<Sums> {
    let (hash, from) = (&relation.hash, &relation.from);
    let sql = format!(
        "select b, count(*), sum(h) from (select {bucket} as b, {hash} as h from {from} where {condition}) c \
          group by b"
    );
    let rows = texts(session, &format!("reading table {table}"), &sql).await?;
    let number = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    Ok(rows
        .iter()
        .map(|row| {
            let sum =
                (number(row, 1).parse().unwrap_or_default(), number(row, 2).parse().unwrap_or_default());
            (number(row, 0).parse().unwrap_or_default(), sum)
        })
        .collect())
}

/// Leaves rows out.
pub(crate) fn take_away<'a>(sums: &mut Sums, rows: impl Iterator<Item = &'a Found>) {
    for row in rows {
        let of_bucket = sums.entry(row.bucket).or_default();
        of_bucket.0 -= 1;
        of_bucket.1 -= i128::from(row.hash);
    }
}

/// Buckets that are not equal.
pub(crate) fn differing(there: &Sums, here: &Sums) -> Vec<i64> {
    let none = (0, 0);
    let all: BTreeSet<&i64> = there.keys().chain(here.keys()).collect();
    let differs = |bucket: &&i64| there.get(*bucket).unwrap_or(&none) != here.get(*bucket).unwrap_or(&none);
    all.into_iter().filter(differs).copied().collect()
}
