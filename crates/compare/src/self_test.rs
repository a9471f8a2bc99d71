//! Self-test: differences are planted in a temporary copy of a table of the target, and have to be found there.
//! Nobody's rows are touched.

use std::time::SystemTime;

use futures_util::future::BoxFuture;
use pg::{Ident, QualifiedName};
use pgq::comparison::{Comparison, Verdict};
use pgq::table::TableInfo;

use crate::error::During;
use crate::pair::{self, Pair};
use crate::side::{Sides, texts};
use crate::subject::Subject;
use crate::work::Work;
use crate::{Config, Difference, Kind, Observer, Outcome, Result, buckets, look, ranges, touched};

/// Rows of a table that is copied for it, at most.
const ROWS: i64 = 50_000;
/// The temporary table.
const COPY: &str = "londiste_rs_self_test";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfTest {
    /// The table that was copied.
    pub table: String,
    /// Rows that were compared.
    pub rows: i64,
    /// What was planted, for people.
    pub planted: Vec<String>,
    /// What of it was not found.
    pub missed: Vec<String>,
}

/// Plants differences in a copy of the smallest of these tables that has a key and rows, and compares it as any other
/// table. `None` where there is no such table, or where it changes so fast that nothing can be planted.
///
/// # Errors
/// As a comparison; the role may make no temporary table.
pub fn self_test<'a>(
    sides: &'a Sides,
    config: &'a Config,
    tables: &'a [TableInfo],
    valve: &'a mut dyn pg::Valve,
) -> BoxFuture<'a, Result<Option<SelfTest>>> {
    // boxed, as `run` is
    Box::pin(of_these(sides, config, tables, valve))
}

async fn of_these(
    sides: &Sides,
    config: &Config,
    tables: &[TableInfo],
    valve: &mut dyn pg::Valve,
) -> Result<Option<SelfTest>> {
    sides.pin().await?;
    let mut subjects = Vec::new();
    for info in tables {
        let looked = look::one((&sides.provider, &sides.record), info, false).await?;
        if let Ok(subject) = looked
            && !subject.key.is_empty()
            && subject.expected <= ROWS
        {
            subjects.push((subject, info));
        }
    }
    // the statistics of a table may be older than its rows
    subjects.sort_by_key(|(subject, _)| (subject.expected == 0, subject.expected));
    for (subject, info) in &subjects {
        let tested = one(sides, config, subject, info, valve).await;
        pair::close_both(sides).await?;
        let drop = format!("drop table if exists pg_temp.{COPY}");
        sides.target.batch_execute(&drop).await.during("dropping a temporary table")?;
        if let Some(tested) = tested? {
            return Ok(Some(tested));
        }
    }
    Ok(None)
}

async fn one(
    sides: &Sides,
    config: &Config,
    subject: &Subject,
    info: &TableInfo,
    valve: &mut dyn pg::Valve,
) -> Result<Option<SelfTest>> {
    let what = format!("copying table {} into a temporary one", subject.name);
    let table = &subject.target.name;
    let temporary = format!("create temp table {COPY} (like {table} including indexes)");
    sides.target.batch_execute(&temporary).await.during(&what)?;
    let own = "select nspname from pg_catalog.pg_namespace where oid = pg_catalog.pg_my_temp_schema()";
    let schema: String = sides.target.query_one(own, &[]).await.during(&what)?.get(0);
    let name = QualifiedName { schema, name: COPY.to_owned() };
    let copied = TableInfo { dest_table: Some(name.plain()), ..info.clone() };
    let Ok(mut copy) = look::one((&sides.provider, &sides.target), &copied, false).await? else {
        return Ok(None);
    };
    let free = |column: &&String| !subject.key.contains(column);
    for column in copy.columns.iter().filter(free) {
        let sql = format!("alter table {COPY} alter column {} drop not null", Ident::new(column));
        sides.target.batch_execute(&sql).await.during(&what)?;
    }
    let mut silent = Silent::default();
    let pair = Pair::open(sides, config, &mut silent).await?;
    let read = touched::read(sides, config, (&pair.seen, &pair.until), &[subject], false).await?;
    let Some(touched) = read.map(|mut read| read.remove(&subject.name).unwrap_or_default()) else {
        return Ok(None);
    };
    if touched.whole.is_some() || !pair.is_whole(sides, config).await? {
        return Ok(None);
    }
    // a temporary table may be written to in a transaction that only reads
    let only = &subject.target.from;
    let fill = format!("insert into {COPY} select t.* from {only}");
    sides.target.batch_execute(&fill).await.during(&what)?;
    let planted = plant(sides, &copy, &touched.keys).await?;
    if planted.is_empty() {
        return Ok(None);
    }
    copy.name = format!("{} (self-test)", subject.name);
    let record = Comparison {
        table: copy.name.clone(),
        definition: copy.definition(),
        began: SystemTime::now(),
        since: None,
        done_up_to: None,
        read_all: false,
        at: None,
        rows: 0,
        expected: Some(copy.expected),
        differing: 0,
        finished: None,
        verdict: None::<Verdict>,
        reason: None,
        earlier: None,
    };
    let mut work = Work::new(copy, record);
    if work.subject.is_ordered {
        ranges::go_on((sides, config, &pair), &mut work, &touched, &mut silent, valve).await?;
    } else {
        buckets::whole((sides, config), &mut work, &touched, &mut silent, valve).await?;
    }
    let missed = planted.iter().filter(|(key, kind)| !silent.found.contains(&(key.clone(), *kind)));
    let shown = |(key, kind): &(String, Kind)| format!("{} {}", kind.as_str(), subject.shown(key));
    let missed = missed.map(shown).collect();
    let planted = planted.iter().map(shown).collect();
    Ok(Some(SelfTest { table: subject.name.clone(), rows: work.seen(), planted, missed }))
}

/// Takes one row away, and a value of another one, of the copy; answers their keys. Not of rows that change meanwhile.
async fn plant(
    sides: &Sides,
    copy: &Subject,
    touched: &std::collections::BTreeSet<Vec<String>>,
) -> Result<Vec<(String, Kind)>> {
    let relation = &copy.target;
    let keys = relation.key_columns();
    let sql = format!("select {} from {} limit {}", keys.join(", "), relation.from, touched.len() + 2);
    let rows = texts(&sides.target, "looking for rows to change in a copy", &sql).await?;
    let keys = rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect());
    let mut free = keys.filter(|key: &Vec<String>| !touched.contains(key));
    let mut planted = Vec::new();
    if let Some(key) = free.next() {
        change(sides, copy, &key, "delete from").await?;
        planted.push((Subject::kept(&key), Kind::MissingOnTarget));
    }
    let Some(key) = free.next() else { return Ok(planted) };
    for column in copy.columns.iter().filter(|column| !copy.key.contains(column)) {
        let column = Ident::new(column);
        let set = format!("set {column} = null");
        if change(sides, copy, &key, &format!("update {set} where t.{column} is distinct from null")).await?
            > 0
        {
            planted.push((Subject::kept(&key), Kind::Differs));
            break;
        }
    }
    Ok(planted)
}

/// Changes the row of a key: `delete from`, or an update's SET and condition.
async fn change(sides: &Sides, copy: &Subject, key: &[String], how: &str) -> Result<u64> {
    let relation = &copy.target;
    let (from, listed, same) = (&relation.from, relation.listed(&[key.to_vec()]), relation.has_listed_key());
    let sql = match how.strip_prefix("update ").and_then(|rest| rest.split_once(" where ")) {
        Some((set, condition)) => {
            format!("update {from} {set} from {listed} where {same} and {condition}")
        }
        None => format!("{how} {from} using {listed} where {same}"),
    };
    sides.target.execute(&sql, &[]).await.during("changing a row of a copy")
}

/// Keeps what is found.
#[derive(Debug, Default)]
struct Silent {
    found: Vec<(String, Kind)>,
}

impl Observer for Silent {
    fn waits(&mut self, _why: &str) {}
    fn is_at(&mut self, _table: &str, _rows: i64, _expected: i64) {}
    fn differs(&mut self, _table: &str, _key: &str, difference: &Difference) {
        self.found.push((difference.key.clone(), difference.kind));
    }
    fn ended(&mut self, _outcome: &Outcome) {}
}
