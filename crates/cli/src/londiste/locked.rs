//! Changes of a table's definition wait for its lock, and the application waits behind them: never for longer than
//! `lock_timeout`, and never silently.

use std::time::Duration;

use anyhow::{Context, Result};
use pg::Session;
use tokio::time::sleep;
use tokio_postgres::Transaction;

use super::job::Job;

const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A wait shorter than this, or than half the lock timeout, is nothing to speak of.
const PATIENCE: Duration = Duration::from_secs(1);

const BLOCKERS: &str = "\
select b.pid, coalesce(a.usename::text, '?'), coalesce(a.application_name, ''), coalesce(a.state, '?'),
       extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.backend_start))::float8,
       left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 100)
  from (select distinct unnest(pg_catalog.pg_blocking_pids($1)) as pid) b
  left join pg_catalog.pg_stat_activity a on a.pid = b.pid
 order by 1";

/// Runs `work` in a transaction under `lock_timeout`, again with growing pauses where it waits in vain for a lock or is caught in a
/// deadlock, and says meanwhile who holds the lock. `work` may run several times: what it did before is rolled back.
pub(crate) async fn in_transaction<T>(
    job: &Job,
    session: &mut Session,
    what: &str,
    work: impl AsyncFn(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut pause = FIRST_PAUSE;
    let mut tries = 1;
    loop {
        let waiting = session.backend_pid();
        let result = tokio::select! {
            biased;
            result = once(job.settings.lock_timeout, session, &work) => result,
            never = tell_blockers(job, waiting, what) => match never {},
        };
        let problem = match result {
            Err(error) if may_pass(&error) => error,
            other => return other,
        };
        if tries == TRIES {
            return Err(problem).with_context(|| {
                format!("given up after {TRIES} tries; end the transactions that hold its locks, or set lock_timeout higher")
            });
        }
        job.terminal
            .say(&format!("{what}: no lock within {:?}, next try in {pause:?}", job.settings.lock_timeout));
        sleep(pause).await;
        pause *= 2;
        tries += 1;
    }
}

async fn once<T>(
    lock_timeout: Duration,
    session: &mut Session,
    work: &impl AsyncFn(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = session.transaction().await.map_err(pg::Error::from)?;
    let limit = format!("set local lock_timeout = {}", lock_timeout.as_millis());
    transaction.batch_execute(&limit).await.map_err(pg::Error::from)?;
    let done = work(&transaction).await?;
    transaction.commit().await.map_err(pg::Error::from)?;
    Ok(done)
}

fn may_pass(error: &anyhow::Error) -> bool {
    let told = error.chain().find_map(|cause| cause.downcast_ref::<pg::Error>());
    told.is_some_and(|told| told.is_lock_timeout() || told.is_retryable())
}

/// Says who keeps a server process waiting, if it waits at all; never returns.
async fn tell_blockers(job: &Job, waiting: i32, what: &str) -> std::convert::Infallible {
    sleep(PATIENCE.min(job.settings.lock_timeout / 2)).await;
    // Only to tell more: the wait itself goes on without it.
    if let Ok(blockers) = blockers(job, waiting).await {
        for blocker in blockers {
            job.terminal.warn(&format!("{what} waits for a lock of {blocker}"));
        }
    }
    std::future::pending().await
}

async fn blockers(job: &Job, waiting: i32) -> Result<Vec<String>> {
    let rows = job.connect().await?.query(BLOCKERS, &[&waiting]).await.map_err(pg::Error::from)?;
    let told = rows.iter().map(|row| {
        let (pid, user, application): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
        let (state, query): (String, String) = (row.get(3), row.get(5));
        let age = super::duration::short(Duration::from_secs_f64(row.get::<_, Option<f64>>(4).unwrap_or(0.0).max(0.0)));
        if pid == 0 {
            return "a prepared transaction (see pg_prepared_xacts)".to_owned();
        }
        format!("process {pid} (user {user}, application \"{application}\", {state}, in transaction for {age}): {query}")
    });
    Ok(told.collect())
}
