//! Copies of tables that are to run now.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pg::Session;
use pgq::table::{self, MergeState, Parking, TableInfo};
use pgq::{batch, outlook, queue};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::error::During;
use crate::identity::Others;
use crate::{Result, Worker, unsupported};

/// Gives tables that wait their turn, and says on the channel which copies should be running.
pub(crate) struct Copies<'a> {
    worker: &'a Worker,
    known: BTreeSet<String>,
    complained: BTreeSet<String>,
    parked: BTreeSet<String>,
    /// Bytes of waiting tables on the provider.
    sizes: BTreeMap<String, i64>,
    /// Tables that the provider has ready, and when it said so.
    ready: Option<(Instant, BTreeSet<String>)>,
}

/// So long the provider's word of its tables holds: with many small ones it would be asked for each of them.
const READY: Duration = Duration::from_secs(2);

impl<'a> Copies<'a> {
    pub(crate) fn new(worker: &'a Worker) -> Copies<'a> {
        let (known, complained, parked) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Copies { worker, known, complained, parked, sizes: BTreeMap::new(), ready: None }
    }

    /// Fills free copy slots with tables that the provider has ready, the largest first, so that all slots are busy to
    /// the end. True when there is a table since the last call that comes without a copy, which would have freed it of
    /// triggers and foreign keys.
    pub(crate) async fn schedule(
        &mut self,
        provider: &Session,
        target: &Session,
        tables: &[TableInfo],
        others: &mut Others<'_>,
    ) -> Result<bool> {
        let (job, queue) = (self.worker.config.job_name.as_str(), self.worker.config.queue_name.as_str());
        let local = || tables.iter().filter(|t| t.local);
        let mut copying: BTreeSet<String> =
            local().filter(|t| t.state.is_copying()).map(|t| t.name.clone()).collect();
        self.parked.clear();
        let refused = unsupported::among(self.worker, target, tables).await?;
        if !copying.is_empty() || !refused.is_empty() {
            self.leave_parked(target, &mut copying).await?;
            self.refuse(target, refused, table::NOT_SERVED, &mut copying).await?;
            self.refuse(target, others.in_copies(tables), table::OTHER_TABLE, &mut copying).await?;
        }
        let mut waiting: Vec<&TableInfo> =
            local().filter(|t| t.state == MergeState::Waiting && !self.parked.contains(&t.name)).collect();
        if !waiting.is_empty() && self.taken(&copying) < self.worker.slots.get() {
            let ready = match self.ready.take() {
                Some((asked, ready))
                    if asked.elapsed() < READY && waiting.iter().all(|t| ready.contains(&t.name)) =>
                {
                    (asked, ready)
                }
                _ => (Instant::now(), ready(provider, queue).await?),
            };
            self.measure(provider, &waiting).await?;
            waiting.sort_by_key(|table| Reverse(self.sizes.get(&table.name)));
            let mut begun: Vec<&str> = Vec::new();
            for table in waiting {
                if ready.1.contains(&table.name) {
                    copying.insert(table.name.clone());
                    if self.taken(&copying) > self.worker.slots.get() {
                        copying.remove(&table.name);
                        break;
                    }
                    begun.push(&table.name);
                } else if self.complained.insert(table.name.clone()) {
                    warn!(
                        job,
                        queue,
                        table = table.name,
                        "the provider does not have this table ready: its copy waits"
                    );
                }
            }
            if !begun.is_empty() {
                others.begin(provider, target, &begun).await?;
                table::set_states(&**target, queue, &begun, MergeState::InCopy, None).await?;
                begun.iter().for_each(|table| info!(job, queue, table, "copy begins"));
            }
            self.ready = Some(ready);
        }
        self.worker.copies.send_if_modified(|published| {
            let changed = *published != copying;
            published.clone_from(&copying);
            changed
        });
        let mut known: BTreeSet<String> = local().map(|t| t.name.clone()).collect();
        std::mem::swap(&mut known, &mut self.known);
        Ok(local().any(|t| t.state == MergeState::Ok && !known.contains(&t.name)))
    }

    /// The slots that these tables take: small ones, which a copy takes together, count as one.
    fn taken(&self, copying: &BTreeSet<String>) -> usize {
        self.worker.slots.taken(copying.iter().map(|table| self.sizes.get(table).copied()))
    }

    /// Bytes of a table that waits, on the provider.
    pub(crate) fn size(&self, table: &str) -> Option<i64> {
        self.sizes.get(table).copied()
    }

    /// The parked tables, as the last call of [`schedule`](Self::schedule) found them.
    pub(crate) fn parked(&self) -> &BTreeSet<String> {
        &self.parked
    }

    /// Learns the sizes of tables that wait and were not measured before.
    async fn measure(&mut self, provider: &Session, waiting: &[&TableInfo]) -> Result<()> {
        let new: Vec<&str> =
            waiting.iter().map(|t| t.name.as_str()).filter(|name| !self.sizes.contains_key(*name)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.sizes.extend(outlook::sizes(&**provider, &new).await?);
        Ok(())
    }

    /// Takes parked tables out of the copies, but for those that are due to be tried again.
    async fn leave_parked(&mut self, target: &Session, copying: &mut BTreeSet<String>) -> Result<()> {
        let config = &self.worker.config;
        let (job, queue) = (config.job_name.as_str(), config.queue_name.as_str());
        for parked in table::parked(&**target, queue).await? {
            let longest = config.table_retry_period;
            if !longest.is_zero() && parked.may_pass() && parked.is_due(longest) {
                table::resume(&**target, queue, &parked.table).await?;
                info!(job, queue, table = parked.table, "parked table is tried again: {}", parked.error);
            } else {
                copying.remove(&parked.table);
                self.parked.insert(parked.table);
            }
        }
        Ok(())
    }

    /// Parks tables that are not worked on: before anything is done to them, or in the middle of their copies.
    async fn refuse(
        &mut self,
        target: &Session,
        refused: BTreeMap<String, String>,
        code: &str,
        copying: &mut BTreeSet<String>,
    ) -> Result<()> {
        let (job, queue) = (&self.worker.config.job_name, &self.worker.config.queue_name);
        for (table, error) in refused {
            copying.remove(&table);
            if !self.parked.insert(table.clone()) {
                continue;
            }
            let parking = Parking { error: &error, code: Some(code), event: None, tick: None };
            if table::park(&**target, queue, &table, &parking).await? {
                warn!(job, queue, table, "table is parked, the others go on: {error}");
                self.worker.noticed.ring();
            } else {
                self.parked.remove(&table);
            }
        }
        Ok(())
    }

    /// Subscriptions of copies that were interrupted between their last commit here and their leave of the provider
    /// would hold up its rotation.
    pub(crate) async fn clear_remains(&self, provider: &Session, target: &Session) -> Result<()> {
        let queue = self.worker.config.queue_name.as_str();
        // the stock worker may have brought a parked table to its end
        table::clear_parked_ok(&**target, queue).await.during("clearing marks of parked tables")?;
        let prefix = pgq::copy::consumer_prefix(&self.worker.config.job_name);
        let subscribed = queue::consumers_of(&**provider, queue, &prefix).await;
        for consumer in subscribed.during("looking for subscriptions of old copies")? {
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
