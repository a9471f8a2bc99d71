//! One run of a table's copy: from whatever state the databases tell, until the worker has the table.

use std::sync::Arc;

use pgq::table::{self, MergeState, TableInfo};
use pgq::{Bell, Report, batch, node};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::connections::{Connections, Sides};
use crate::{Config, Error, Result, bulk, catch_up};

/// Copies one table.
pub struct Copier {
    pub(crate) config: Arc<Config>,
    pub(crate) bell: Bell,
    connections: Connections,
    pub(crate) report: Report,
    pub(crate) table: String,
    pub(crate) consumer: String,
}

/// Makes the copies of a node, which share their connections.
#[derive(Clone)]
pub struct Copiers {
    config: Arc<Config>,
    bell: Bell,
    connections: Connections,
}

impl Copiers {
    /// Copies that ring and hear `bell`. Opens no connection yet.
    pub fn new(config: Config, bell: Bell) -> Copiers {
        let config = Arc::new(config);
        let connections = Connections::new(Arc::clone(&config));
        Copiers { config, bell, connections }
    }

    /// The copy of `table` (`schema.table` as the queue names it).
    pub fn copier(&self, table: &str) -> Copier {
        let consumer = self.config.consumer(table);
        let (config, bell, connections) =
            (Arc::clone(&self.config), self.bell.clone(), self.connections.clone());
        let report = Report::default();
        Copier { config, bell, connections, report, table: table.to_owned(), consumer }
    }
}

impl Copier {
    /// Tells its work to `report`.
    #[must_use]
    pub fn reporting(self, report: Report) -> Copier {
        Copier { report, ..self }
    }

    /// Works until the table is the worker's, has left replication, or `stop` is cancelled.
    ///
    /// # Errors
    /// Any failure, kept in `londiste_rs.table_error` too; running again goes on from what was committed.
    pub async fn run(&self, stop: CancellationToken) -> Result<()> {
        let outcome = tokio::select! {
            outcome = Box::pin(self.work()) => outcome,
            // dropping the copy's transactions is safe at every point
            () = stop.cancelled() => return Ok(()),
        };
        if let Err(error) = &outcome {
            self.record(error).await;
        }
        outcome
    }

    async fn work(&self) -> Result<()> {
        let mut sides = self.connections.open(&self.table).await?;
        let queue = self.config.queue_name.as_str();
        loop {
            let info = table::get(&*sides.target, queue, &self.table).await?;
            if let Some(info) = &info {
                self.report.copy_phase(info.state.to_string());
            }
            match info.filter(|info| info.local) {
                Some(info) if info.state == MergeState::InCopy => {
                    Box::pin(bulk::copy(self, &mut sides, &info)).await?
                }
                Some(info) if info.state.is_copying() => {
                    Box::pin(catch_up::run(self, &mut sides, info)).await?
                }
                _ => return self.leave(&sides).await,
            }
        }
    }

    /// Ends the copy's subscription, and its record on the target where it is still there.
    async fn leave(&self, sides: &Sides) -> Result<()> {
        let queue = self.config.queue_name.as_str();
        node::unregister_consumer(&*sides.target, queue, &self.consumer).await?;
        batch::unregister(&*sides.provider, queue, &self.consumer).await?;
        self.bell.ring();
        Ok(())
    }

    /// A failure is shown in `tables`, where the node can still be reached.
    async fn record(&self, error: &Error) {
        if let Ok(target) = self.connections.target().await {
            // the error itself is what matters; it is returned and logged by the supervisor
            let _ =
                table::set_error(&*target, &self.config.queue_name, &self.table, Some(&error.to_string()))
                    .await;
        }
    }

    /// Says that the table has come further.
    pub(crate) fn moved(&self, info: &TableInfo, to: MergeState) {
        let (job, queue) = (&self.config.job_name, &self.config.queue_name);
        info!(job, queue, table = info.name, state = %to, "table state");
        self.report.copy_phase(to.to_string());
        self.report.progress();
        self.bell.ring();
    }
}
