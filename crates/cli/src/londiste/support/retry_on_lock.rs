//! Changes of a table's definition wait for its lock, and the application waits behind them: never for long, and never
//! silently.

use std::time::Duration;

use anyhow::{Context, Result};
use pg::Session;
use pgq::node::{self, NodeType};
use pgq::table;
use tokio::time::sleep;
use tokio_postgres::Transaction;

use crate::londiste::support::job::Job;

const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// A wait shorter than this, or than half of a try, is nothing to speak of.
const UNSPOKEN: Duration = Duration::from_secs(1);

/// How often, and for how long each time.
struct Patience {
    tries: u32,
    wait: Duration,
    longest_pause: Duration,
}

impl Patience {
    /// Where the application lives, many short tries; elsewhere nobody but the worker waits behind us.
    fn on(node: NodeType, lock_timeout: Duration) -> Patience {
        match node {
            NodeType::Root => Patience {
                tries: 12,
                wait: table::wait_on_root(lock_timeout),
                longest_pause: Duration::from_secs(8),
            },
            _ => Patience { tries: 6, wait: lock_timeout, longest_pause: Duration::from_secs(16) },
        }
    }
}

/// Runs `work` in a transaction under a `lock_timeout`, again with growing pauses where it waits in vain for a lock or
/// is caught in a deadlock, and says meanwhile who holds the lock. `work` may run several times: what it did before is
/// rolled back.
pub(crate) async fn in_transaction<T>(
    job: &Job,
    session: &mut Session,
    what: &str,
    work: impl AsyncFn(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let node_type = node::require(&**session, job.queue()).await?.node_type;
    in_transaction_on(job, node_type, session, what, work).await
}

/// The same on a node whose type is known.
pub(crate) async fn in_transaction_on<T>(
    job: &Job,
    node_type: NodeType,
    session: &mut Session,
    what: &str,
    work: impl AsyncFn(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let patience = Patience::on(node_type, job.settings.lock_timeout);
    let mut pause = FIRST_PAUSE;
    let mut tries = 1;
    loop {
        let waiting = session.backend_pid();
        let result = tokio::select! {
            biased;
            result = once(patience.wait, session, &work) => result,
            never = tell_blockers(job, waiting, patience.wait, what) => match never {},
        };
        let problem = match result {
            Err(error) if may_pass(&error) => error,
            other => return other,
        };
        if tries == patience.tries {
            return Err(problem).with_context(|| {
                format!(
                    "given up after {tries} tries of {:?}; end the transactions that hold its locks, \
                     then give the command again",
                    patience.wait
                )
            });
        }
        job.terminal.say(&format!("{what}: no lock within {:?}, next try in {pause:?}", patience.wait));
        sleep(pause).await;
        pause = (pause * 2).min(patience.longest_pause);
        tries += 1;
    }
}

async fn once<T>(
    wait: Duration,
    session: &mut Session,
    work: &impl AsyncFn(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = session.transaction().await.map_err(pg::Error::from)?;
    // zero is none, for the server too
    let limit = if wait.is_zero() { 0 } else { wait.as_millis().max(1) };
    let limit = format!("set local lock_timeout = {limit}");
    // one trip for both: what is sent first is done first
    let (limited, done) = tokio::join!(biased; transaction.batch_execute(&limit), work(&transaction));
    limited.map_err(pg::Error::from)?;
    let done = done?;
    transaction.commit().await.map_err(pg::Error::from)?;
    Ok(done)
}

fn may_pass(error: &anyhow::Error) -> bool {
    let told = error.chain().find_map(|cause| cause.downcast_ref::<pg::Error>());
    told.is_some_and(|told| told.is_lock_timeout() || told.is_retryable())
}

/// Says who keeps a server process waiting, if it waits at all; never returns.
async fn tell_blockers(job: &Job, waiting: i32, wait: Duration, what: &str) -> std::convert::Infallible {
    sleep(UNSPOKEN.min(wait / 2)).await;
    // Only to tell more: the wait itself goes on without it.
    if let Ok(other) = job.connect().await
        && let Ok(blockers) = pg::blockers(&other, waiting).await
    {
        for blocker in blockers {
            job.terminal.warn(&format!("{what} waits for a lock of {blocker}"));
        }
    }
    std::future::pending().await
}
