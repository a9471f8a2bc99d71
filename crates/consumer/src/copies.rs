//! Which tables are copied now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pg::Session;
use pgq::batch;
use pgq::table::{self, MergeState, TableInfo};
use tracing::{info, warn};

use crate::error::During;
use crate::{Result, Worker};

/// How many tables may be copied at the same time; can be set while the worker runs.
#[derive(Clone, Debug)]
pub struct Slots(Arc<AtomicUsize>);

impl Slots {
    /// So many.
    pub fn new(copies: usize) -> Slots {
        Slots(Arc::new(AtomicUsize::new(copies)))
    }

    /// So many from the worker's next look on. Copies that run go on.
    pub fn set(&self, copies: usize) {
        self.0.store(copies, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Gives tables that wait their turn, and says on the channel which copies should be running.
pub(crate) struct Copies<'a> {
    worker: &'a Worker,
    known: BTreeSet<String>,
    complained: BTreeSet<String>,
}

impl<'a> Copies<'a> {
    pub(crate) fn new(worker: &'a Worker) -> Copies<'a> {
        Copies { worker, known: BTreeSet::new(), complained: BTreeSet::new() }
    }

    /// Fills free copy slots with tables that the provider has ready, in the order in which they were added. True when the set of
    /// replicated tables has changed since the last call.
    pub(crate) async fn schedule(
        &mut self,
        provider: &Session,
        target: &Session,
        tables: &[TableInfo],
    ) -> Result<bool> {
        let (job, queue) = (self.worker.config.job_name.as_str(), self.worker.config.queue_name.as_str());
        let local = || tables.iter().filter(|t| t.local);
        let mut copying: BTreeSet<String> =
            local().filter(|t| t.state.is_copying()).map(|t| t.name.clone()).collect();
        if !copying.is_empty() {
            self.leave_parked(target, &mut copying).await?;
        }
        let waiting: Vec<&TableInfo> = local().filter(|t| t.state == MergeState::Waiting).collect();
        if !waiting.is_empty() && copying.len() < self.worker.slots.get() {
            let ready = ready(provider, queue).await?;
            for table in waiting {
                if copying.len() >= self.worker.slots.get() {
                    break;
                }
                if ready.contains(&table.name) {
                    table::set_state(&**target, queue, &table.name, MergeState::InCopy, None).await?;
                    info!(job, queue, table = table.name, "copy begins");
                    copying.insert(table.name.clone());
                } else if self.complained.insert(table.name.clone()) {
                    warn!(
                        job,
                        queue,
                        table = table.name,
                        "the provider does not have this table ready: its copy waits"
                    );
                }
            }
        }
        self.worker.copies.send_if_modified(|published| {
            let changed = *published != copying;
            published.clone_from(&copying);
            changed
        });
        let known: BTreeSet<String> = local().map(|t| t.name.clone()).collect();
        let changed = known != self.known;
        self.known = known;
        Ok(changed)
    }

    /// Takes parked tables out of the copies, but for those that are due to be tried again.
    async fn leave_parked(&self, target: &Session, copying: &mut BTreeSet<String>) -> Result<()> {
        let config = &self.worker.config;
        let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
        for parked in table::parked(&**target, queue).await? {
            let period = config.table_retry_period;
            if period > 0.0 && parked.may_pass() && parked.tried_ago >= period {
                table::resume(&**target, queue, &parked.table).await?;
                info!(job, queue, table = parked.table, "parked table is tried again: {}", parked.error);
            } else {
                copying.remove(&parked.table);
            }
        }
        Ok(())
    }

    /// Subscriptions of copies that ended between their last commit here and their leave of the provider would hold up its rotation.
    pub(crate) async fn clear_remains(&self, provider: &Session, target: &Session) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        let prefix = self.worker.config.copy_consumer("");
        let sql = "select c.co_name from pgq.subscription s join pgq.queue q on q.queue_id = s.sub_queue \
                     join pgq.consumer c on c.co_id = s.sub_consumer \
                    where q.queue_name = $1 and left(c.co_name, length($2)) = $2";
        let subscribed = provider
            .query(sql, &[&queue, &prefix])
            .await
            .during("looking for subscriptions of old copies")?;
        for row in subscribed {
            let consumer: String = row.get(0);
            let Some(name) = consumer.strip_prefix(&prefix) else { continue };
            let alive =
                table::get(&**target, queue, name).await?.is_some_and(|t| t.local && t.state.is_copying());
            if !alive {
                batch::unregister(&**provider, queue, &consumer).await?;
            }
        }
        Ok(())
    }
}

async fn ready(provider: &Session, queue: &str) -> Result<BTreeSet<String>> {
    let tables = table::list(&**provider, queue).await?;
    Ok(tables.into_iter().filter(|t| t.local && t.state == MergeState::Ok).map(|t| t.name).collect())
}
