//! Ranges that both sides are asked for before they are judged: so neither server waits for the other one, nor for us.

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, TryStreamExt};

use crate::ends::Ends;
use crate::side::{Sides, texts};
use crate::subject::{Relation, Subject};
use crate::{Config, Result};

/// So many ranges are asked for at a time.
const DEPTH: usize = 3;

/// Behind which key, and up to which one.
pub(crate) type Bounds<'a> = (Option<&'a [String]>, Option<&'a [String]>);

/// A count and a sum of hashes.
pub(crate) type Sum = (i64, i128);

/// Rows behind a key, up to another one, and what they amount to on both sides.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) after: Option<Vec<String>>,
    /// Open where the source's rows end.
    pub(crate) up_to: Option<Vec<String>>,
    /// On the source.
    pub(crate) there: Sum,
    /// On the target.
    pub(crate) here: Sum,
}

/// The ranges from a key on.
pub(crate) struct Ahead<'a> {
    sides: &'a Sides,
    subject: &'a Subject,
    rows: i64,
    ends: Ends,
    /// The last range that was asked for ends here; `None`: none was, or it is the table's last one.
    after: Option<Vec<String>>,
    is_last: bool,
    asked: FuturesOrdered<BoxFuture<'a, Result<Range>>>,
}

impl<'a> Ahead<'a> {
    pub(crate) async fn behind(
        after: Option<Vec<String>>,
        sides: &'a Sides,
        config: &Config,
        subject: &'a Subject,
    ) -> Result<Ahead<'a>> {
        let rows = config.range_rows;
        let ends = Ends::look(sides, subject, rows).await?;
        Ok(Ahead { sides, subject, rows, ends, after, is_last: false, asked: FuturesOrdered::new() })
    }

    /// The next range; `None` behind the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Range>> {
        while self.asked.len() < DEPTH && !self.is_last {
            let after = self.after.take();
            let up_to = match self.ends.next(after.as_deref()) {
                Some(end) => Some(end),
                None => {
                    let (sides, subject) = (self.sides, self.subject);
                    let behind = (after.as_deref(), self.rows);
                    last_of(&sides.source, &subject.source, behind, &subject.name).await?
                }
            };
            self.is_last = up_to.is_none();
            self.after.clone_from(&up_to);
            self.asked.push_back(both(self.sides, self.subject, after, up_to).boxed());
        }
        let range = self.asked.try_next().await?;
        if let Some(range) = &range {
            self.ends.met(range.there.0);
        }
        Ok(range)
    }
}

/// The key of the last row of so many, told by the index alone: numbering rows while they are hashed takes half as
/// long again.
async fn last_of(
    session: &pg::Session,
    relation: &Relation,
    (after, rows): (Option<&[String]>, i64),
    table: &str,
) -> Result<Option<Vec<String>>> {
    let (keys, from) = (relation.key_columns().join(", "), &relation.from);
    let (condition, before_last) = (relation.range(after, None), rows - 1);
    let sql =
        format!("select {keys} from {from} where {condition} order by {keys} offset {before_last} limit 1");
    let last = texts(session, &format!("reading table {table} on the source"), &sql).await?;
    Ok(last.into_iter().next().and_then(|key| key.into_iter().collect()))
}

/// What both sides have in a range.
async fn both(
    sides: &Sides,
    subject: &Subject,
    after: Option<Vec<String>>,
    up_to: Option<Vec<String>>,
) -> Result<Range> {
    let (bounds, name) = ((after.as_deref(), up_to.as_deref()), &subject.name);
    let (source, target) =
        (format!("reading table {name} on the source"), format!("reading table {name} on the target"));
    let (there, here) = tokio::try_join!(
        sum(&sides.source, &subject.source, bounds, &source),
        sum(&sides.target, &subject.target, bounds, &target),
    )?;
    Ok(Range { after, up_to, there, here })
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
    let row = texts(session, what, &sql).await?.into_iter().next().unwrap_or_default();
    let text = |at: usize| row.get(at).and_then(|v| v.as_deref()).unwrap_or("0");
    Ok((text(0).parse().unwrap_or_default(), text(1).parse().unwrap_or_default()))
}
