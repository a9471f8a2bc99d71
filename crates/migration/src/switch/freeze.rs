//! Freeze of the old root: it refuses changes, who had begun to write ends, and its last tick is made.

use std::collections::BTreeSet;
use std::time::Duration;

use parts::fail_point;
use pgq::node;
use pgq::switch::{self, LastTick, Writer};
use tokio::time::{Instant, sleep};

use crate::error::{Error, Result};
use crate::switch::Sides;

/// How often it is looked whether somebody still writes, or the new root has the last tick.
const LOOK: Duration = Duration::from_millis(10);

/// What is done about transactions that have written before the freeze.
#[derive(Clone, Debug)]
pub struct Drain {
    /// They may end by themselves for so long.
    pub patience: Duration,
    /// Then their server processes are ended; otherwise the switch is given up.
    pub terminate: bool,
    /// Never those of these applications, by `application_name`.
    pub spare: Vec<String>,
}

/// What came of the freeze.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// The root's last tick, which the new root has.
    pub last: LastTick,
    /// Transactions that ended by themselves.
    pub ended: usize,
    /// Transactions that were ended.
    pub terminated: Vec<Writer>,
    /// From the last tick until the new root had it.
    pub applied_after: Duration,
}

impl Freeze {
    /// Closes the old root for at most `deadline`, and answers when nobody writes to it any more and the new root has
    /// all of it.
    ///
    /// # Errors
    /// Somebody writes longer than allowed. The root stays closed: the caller takes the switch back.
    pub async fn run(
        sides: &mut Sides,
        id: &str,
        who: &str,
        deadline: Duration,
        drain: &Drain,
    ) -> Result<Freeze> {
        let began = Instant::now();
        let (queue, to) = (sides.queue.clone(), sides.new_node.name.clone());
        switch::freeze(&*sides.old, &queue, id, &to, who, deadline).await?;
        fail_point::reached("switch-frozen");
        let until = began + drain.patience;
        let captured = switch::captured(&*sides.old, &queue).await?;
        let mut ended = Ended::default();
        let last = loop {
            end_writers(sides, &captured, drain, until, &mut ended).await?;
            if let Some(last) = last_tick(sides, id).await? {
                break last;
            }
        };
        fail_point::reached("switch-drained");
        let ticked = Instant::now();
        while node::worker_position(&*sides.new, &queue).await? != Some(last.tick) {
            sleep(LOOK).await;
        }
        fail_point::reached("switch-applied");
        let Ended { by_themselves: ended, terminated } = ended;
        Ok(Freeze { last, ended, terminated, applied_after: ticked.elapsed() })
    }
}

/// Transactions that the freeze has waited for.
#[derive(Default)]
struct Ended {
    by_themselves: usize,
    terminated: Vec<Writer>,
}

/// Waits for the transactions that hold what they have written. Who comes later is refused, and holds nothing that
/// matters.
async fn end_writers(
    sides: &Sides,
    captured: &[u32],
    drain: &Drain,
    until: Instant,
    ended: &mut Ended,
) -> Result<()> {
    let (old, queue) = (&*sides.old, sides.queue.as_str());
    let first: BTreeSet<String> =
        switch::writers(old, queue, captured).await?.into_iter().map(|writer| writer.transaction).collect();
    let before = ended.terminated.len();
    loop {
        let mut left = switch::writers(old, queue, captured).await?;
        left.retain(|writer| first.contains(&writer.transaction));
        if left.is_empty() {
            ended.by_themselves += first.len() - (ended.terminated.len() - before);
            return Ok(());
        }
        if Instant::now() >= until {
            let can_end =
                |writer: &Writer| writer.pid.is_some() && !drain.spare.contains(&writer.application);
            if !drain.terminate || !left.iter().all(can_end) {
                return Err(Error::Writers(left));
            }
            for writer in left {
                let is_new = !ended.terminated.iter().any(|known| known.transaction == writer.transaction);
                if let (true, Some(pid)) = (is_new, writer.pid) {
                    switch::terminate(old, pid).await?;
                    ended.terminated.push(writer);
                }
            }
        }
        sleep(LOOK).await;
    }
}

/// Makes the last tick; `None` where somebody has written to the queue all the same, by a snapshot older than the
/// freeze, and has not ended.
async fn last_tick(sides: &mut Sides, id: &str) -> Result<Option<LastTick>> {
    let queue = sides.queue.clone();
    let transaction = sides.old.transaction().await.map_err(pg::Error::from)?;
    transaction.batch_execute("set local lock_timeout = '300ms'").await.map_err(pg::Error::from)?;
    match switch::drain(&transaction, &queue, id).await {
        Ok(last) => {
            transaction.commit().await.map_err(pg::Error::from)?;
            Ok(Some(last))
        }
        Err(pgq::Error::Sql { source, .. }) if source.is_lock_timeout() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
