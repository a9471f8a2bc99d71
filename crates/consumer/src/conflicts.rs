//! Conflicts that were settled: counted in the database, and logged now and then where the policy is to warn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apply::{ConflictsByTable, OnConflict};
use pg::Session;
use pgq::conflict;
use tokio::time::Instant;
use tracing::warn;

use crate::{Result, Worker};

/// A table's conflicts are told at most so often.
const PERIOD: Duration = Duration::from_secs(60);

/// Conflicts not told yet.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    told: BTreeMap<Arc<str>, (Instant, u64)>,
}

impl Conflicts {
    /// Counts a batch's conflicts, in its transaction.
    pub(crate) async fn keep(
        &mut self,
        worker: &Worker,
        target: &Session,
        conflicts: &ConflictsByTable,
    ) -> Result<()> {
        let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
        for (table, found) in conflicts {
            let Some(last) = &found.last else { continue };
            let count = i64::try_from(found.count).unwrap_or(i64::MAX);
            let conflict = conflict::Last { op: last.op, key: &last.key, event: last.event_id };
            conflict::count(&**target, queue, table, count, &conflict).await?;
            if worker.config.on_conflict != OnConflict::Warn {
                continue;
            }
            let (since, untold) = self.told.entry(Arc::clone(table)).or_insert_with(|| (Instant::now(), 0));
            *untold += found.count;
            if *untold == found.count || since.elapsed() >= PERIOD {
                let (op, key, event) = (last.op, &last.key, last.event_id);
                warn!(
                    job,
                    queue,
                    table = &**table,
                    conflicts = *untold,
                    op,
                    key,
                    event,
                    "rows were not what their changes expect, and have become what the source has; the last one is told"
                );
                (*since, *untold) = (Instant::now(), 0);
            }
        }
        Ok(())
    }
}
