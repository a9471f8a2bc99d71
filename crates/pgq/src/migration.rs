//! Record of a guided migration on its target, `londiste_rs.migration_step`, and the lock of the one who works on it.

use std::time::SystemTime;

use tokio_postgres::GenericClient;

use crate::Result;
use crate::advisory::{self, Holder};
use crate::call::{Parameters, message, row, rows};
use crate::error::Answer;

/// First key of the lock; the queue is the second.
const LOCK: &str = "londiste_rs.migrate";

/// What is recorded of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its name.
    pub step: String,
    /// `working`, `done`, `partly` or `failed`.
    pub state: String,
    /// What its last attempt said.
    pub note: Option<String>,
    /// How often it was begun.
    pub attempts: i32,
    /// Time at work, of all attempts that came to their end.
    pub seconds: f64,
    /// When it was begun first.
    pub began: SystemTime,
    /// When its last attempt came to its end.
    pub finished: Option<SystemTime>,
}

/// Takes the lock of a queue's migration until the session ends; false where another session has it. Nothing has to be
/// installed.
pub async fn try_lock<C: GenericClient>(client: &C, queue: &str) -> Answer<bool> {
    advisory::try_take(client, LOCK, queue).await
}

/// Who has the lock.
pub async fn holder<C: GenericClient>(client: &C, queue: &str) -> Answer<Option<Holder>> {
    advisory::holder(client, LOCK, queue).await
}

/// Whether the connected database keeps records: it has our schema, and not an older one.
pub async fn is_known<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select to_regclass('londiste_rs.migration_step') is not null";
    Ok(row(client, "londiste_rs.migration_step", sql, &[]).await?.get(0))
}

/// All that is recorded of a queue.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Recorded>> {
    let sql = "select * from londiste_rs.migration_step where queue_name = $1 order by began";
    let found = rows(client, "londiste_rs.migration_step", sql, &[&queue]).await?;
    let recorded = found.iter().map(|row| Recorded {
        step: row.get("step"),
        state: row.get("state"),
        note: row.get("note"),
        attempts: row.get("attempts"),
        seconds: row.get("seconds"),
        began: row.get("began"),
        finished: row.get("finished"),
    });
    Ok(recorded.collect())
}

/// A step is worked on from now on.
pub async fn begin<C: GenericClient>(client: &C, queue: &str, step: &str) -> Result<()> {
    let sql = "insert into londiste_rs.migration_step as s (queue_name, step, state) values ($1, $2, 'working') \
               on conflict (queue_name, step) do update set state = 'working', attempts = s.attempts + 1";
    rows(client, "londiste_rs.migration_step", sql, &[&queue, &step]).await?;
    Ok(())
}

/// A step has come to its end in this state, after so many seconds at work.
pub async fn end<C: GenericClient>(
    client: &C,
    queue: &str,
    (step, state): (&str, &str),
    note: &str,
    seconds: f64,
) -> Result<()> {
    let sql = "insert into londiste_rs.migration_step as s (queue_name, step, state, note, seconds, began, finished) \
               values ($1, $2, $3, londiste_rs.storable($4), $5, now() - make_interval(secs => $5), now()) \
               on conflict (queue_name, step) do update \
                  set state = excluded.state, note = excluded.note, seconds = s.seconds + excluded.seconds, \
                      finished = excluded.finished";
    let (note, seconds) = (message(note), Some(seconds));
    let parameters: Parameters<'_> = &[&queue, &step, &state, &note, &seconds];
    rows(client, "londiste_rs.migration_step", sql, parameters).await?;
    Ok(())
}

/// Forgets what is recorded of a queue: another migration begins.
pub async fn forget<C: GenericClient>(client: &C, queue: &str) -> Result<()> {
    let sql = "delete from londiste_rs.migration_step where queue_name = $1";
    rows(client, "londiste_rs.migration_step", sql, &[&queue]).await?;
    Ok(())
}
