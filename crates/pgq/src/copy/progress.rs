//! Progress of copies, for people to see: `londiste_rs.copy_progress`.

use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use crate::error::Answer;

/// What a copy does, in the order in which it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows are copied.
    Rows,
    /// All rows are there; changes made meanwhile are folded in.
    Reconcile,
    /// Indexes are built.
    Indexes,
    /// Events since the snapshot are applied.
    CatchUp,
}

impl Step {
    /// Its word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Rows => "copy",
            Step::Reconcile => "reconcile",
            Step::Indexes => "indexes",
            Step::CatchUp => "catch up",
        }
    }

    /// The step of that word.
    pub fn parse(word: &str) -> Option<Step> {
        [Step::Rows, Step::Reconcile, Step::Indexes, Step::CatchUp]
            .into_iter()
            .find(|step| step.as_str() == word)
    }
}

/// How far a copy is, by its own account.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What it does.
    pub step: Step,
    /// Rows that are there.
    pub rows: i64,
    /// Bytes that have passed.
    pub bytes: i64,
    /// Bytes that the rows take on the source.
    pub expected_bytes: i64,
    /// Its speed in this attempt.
    pub bytes_per_second: f64,
    /// How much of the step is done: indexes built, or events still to apply.
    pub done: i64,
    /// Of how much, where that is known.
    pub total: i64,
    /// What keeps it from going as fast as it could.
    pub remark: Option<String>,
}

/// Records how far copies are, by table. Of a table that is `ok` by now, or is not replicated any more, nothing is
/// written.
pub async fn publish<C: GenericClient>(client: &C, queue: &str, copies: &[(&str, Progress)]) -> Answer<()> {
    let sql = "insert into londiste_rs.copy_progress as p \
                      (queue_name, table_name, step, rows, bytes, expected_bytes, bytes_per_second, done, total, \
                       remark) \
               select $1, e.* \
                 from unnest($2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::float8[], $8::int8[], \
                             $9::int8[], $10::text[]) \
                      as e (table_name, step, rows, bytes, expected_bytes, bytes_per_second, done, total, remark) \
                where exists (select from londiste.table_info t \
                               where t.queue_name = $1 and t.table_name = e.table_name and t.local \
                                 and t.merge_state is distinct from 'ok') \
                order by e.table_name \
               on conflict (queue_name, table_name) do update \
               set step = excluded.step, rows = excluded.rows, bytes = excluded.bytes, \
                   expected_bytes = excluded.expected_bytes, bytes_per_second = excluded.bytes_per_second, \
                   done = excluded.done, total = excluded.total, remark = excluded.remark, updated = now()";
    let tables: Vec<&str> = copies.iter().map(|(table, _)| *table).collect();
    let copies: Vec<&Progress> = copies.iter().map(|(_, progress)| progress).collect();
    let steps: Vec<&str> = copies.iter().map(|copy| copy.step.as_str()).collect();
    let numbers = |of: fn(&Progress) -> i64| copies.iter().map(|copy| of(copy)).collect::<Vec<i64>>();
    let (rows, bytes) = (numbers(|copy| copy.rows), numbers(|copy| copy.bytes));
    let expected = numbers(|copy| copy.expected_bytes);
    let rates: Vec<f64> = copies.iter().map(|copy| copy.bytes_per_second).collect();
    let (done, total) = (numbers(|copy| copy.done), numbers(|copy| copy.total));
    let remarks: Vec<Option<&str>> = copies.iter().map(|copy| copy.remark.as_deref()).collect();
    client
        .execute(sql, &[&queue, &tables, &steps, &rows, &bytes, &expected, &rates, &done, &total, &remarks])
        .await?;
    Ok(())
}

/// A copy as it was recorded last.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The table.
    pub table: String,
    /// How far it was.
    pub progress: Progress,
    /// How long ago that was recorded.
    pub age: Duration,
    /// How long ago the copy began.
    pub since: Duration,
}

/// All copies of a queue on the connected node; none where its version records none. A step that this version does not
/// know counts as the last one.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<Recorded>> {
    let ours = "select to_regclass('londiste_rs.copy_progress') is not null";
    if !client.query_one(ours, &[]).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    standing(client, queue).await
}

/// The same where the node's version is known to record them: one question.
pub(crate) async fn standing<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<Recorded>> {
    // older versions have no remarks
    let sql = "select table_name, step, rows, bytes, expected_bytes, bytes_per_second, done, total, \
                      extract(epoch from now() - updated)::float8, to_jsonb(p) ->> 'remark', \
                      extract(epoch from clock_timestamp() - coalesce( \
                          (select r.began from londiste_rs.copy_run r \
                            where r.queue_name = p.queue_name and r.table_name = p.table_name), p.began))::float8 \
                 from londiste_rs.copy_progress p where queue_name = $1";
    Ok(client.query_typed(sql, &[(&queue, Type::TEXT)]).await?.iter().map(recorded).collect())
}

fn recorded(row: &Row) -> Recorded {
    let progress = Progress {
        step: Step::parse(row.get(1)).unwrap_or(Step::CatchUp),
        rows: row.get(2),
        bytes: row.get(3),
        expected_bytes: row.get(4),
        bytes_per_second: row.get(5),
        done: row.get(6),
        total: row.get(7),
        remark: row.get(9),
    };
    let time = |at: usize| Duration::try_from_secs_f64(row.get(at)).unwrap_or_default();
    Recorded { table: row.get(0), progress, age: time(8), since: time(10) }
}

/// Forgets the copies of tables: they are over.
pub async fn clear<C: GenericClient>(client: &C, queue: &str, tables: &[String]) -> Answer<()> {
    let sql = "delete from londiste_rs.copy_progress where queue_name = $1 and table_name = any ($2)";
    client.execute(sql, &[&queue, &tables]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn each_word_leads_to_its_step() {
        for step in [Step::Rows, Step::Reconcile, Step::Indexes, Step::CatchUp] {
            assert_eq!(Step::parse(step.as_str()), Some(step));
        }
        assert_eq!(Step::parse("rows"), None);
    }
}
