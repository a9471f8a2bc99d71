//! One run of a table's copy: from whatever state the databases tell, until the worker has the table.

use pg::{ConnectString, Session};
use pgq::table::{self, MergeState, TableInfo};
use pgq::{Bell, batch, node};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::error::During;
use crate::{Config, Error, Result, bulk, catch_up};

/// Copies one table.
#[derive(Debug)]
pub struct Copier {
    pub(crate) config: Config,
    pub(crate) bell: Bell,
    pub(crate) table: String,
    pub(crate) consumer: String,
}

/// The connections of a running copy, and what the node's worker reads from.
pub(crate) struct Sides {
    pub(crate) provider: Session,
    pub(crate) target: Session,
    pub(crate) provider_node: String,
}

impl Copier {
    /// A copy of `table` (`schema.table` as the queue names it) that rings and hears `bell`.
    pub fn new(config: Config, bell: Bell, table: String) -> Copier {
        let consumer = config.consumer(&table);
        Copier { config, bell, table, consumer }
    }

    /// Works until the table is the worker's, has left replication, or `stop` is cancelled.
    ///
    /// # Errors
    /// Any failure, kept in `londiste_rs.table_error` too; running again goes on from what was committed.
    pub async fn run(&self, stop: CancellationToken) -> Result<()> {
        let outcome = tokio::select! {
            outcome = self.work() => outcome,
            // dropping the copy's transactions is safe at every point
            () = stop.cancelled() => return Ok(()),
        };
        if let Err(error) = &outcome {
            self.record(error).await;
        }
        outcome
    }

    async fn work(&self) -> Result<()> {
        let mut sides = self.open().await?;
        let queue = self.config.queue_name.as_str();
        loop {
            let info = table::get(&*sides.target, queue, &self.table).await?;
            match info.filter(|info| info.local) {
                Some(info) if info.state == MergeState::InCopy => bulk::copy(self, &mut sides, &info).await?,
                Some(info) if info.state.is_copying() => catch_up::run(self, &mut sides, info).await?,
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

    async fn open(&self) -> Result<Sides> {
        let application = format!("{} copy {}", self.config.job_name, self.table);
        let target = Session::connect(&self.parse(&self.config.db)?, &application).await.during("this node (db)")?;
        let queue = self.config.queue_name.as_str();
        let state = node::consumer_state(&*target, queue, self.config.worker()).await?;
        let state = state.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?;
        let mut location = self.parse(state.provider_location.as_deref().unwrap_or_default())?;
        if let Some(extra) = &self.config.remote_extra_connstr {
            location = location.merged(&self.parse(extra)?);
        }
        let provider = Session::connect(&location, &application).await.during("the provider")?;
        apply::pin_session(&provider).await?;
        apply::pin_session(&target).await?;
        let lock_timeout = format!("{}ms", (self.config.lock_timeout * 1000.0).max(1.0) as i64);
        let sql = "select set_config('lock_timeout', $1, false)";
        target.query_one(sql, &[&lock_timeout]).await.during("setting lock_timeout")?;
        // a policy that hides rows must be an error, not a smaller copy
        provider.batch_execute("set row_security = off").await.during("setting row_security")?;
        Ok(Sides { provider, target, provider_node: state.provider })
    }

    fn parse(&self, text: &str) -> Result<ConnectString> {
        text.parse::<ConnectString>().during("connect string")
    }

    /// A failure is shown in `tables`, where the node can still be reached.
    async fn record(&self, error: &Error) {
        let Ok(db) = self.parse(&self.config.db) else { return };
        if let Ok(target) = Session::connect(&db, &self.config.job_name).await {
            // the error itself is what matters; it is returned and logged by the supervisor
            let _ =
                table::set_error(&*target, &self.config.queue_name, &self.table, Some(&error.to_string())).await;
        }
    }

    /// Says that the table has come further.
    pub(crate) fn moved(&self, info: &TableInfo, to: MergeState) {
        let (job, queue) = (&self.config.job_name, &self.config.queue_name);
        info!(job, queue, table = info.name, state = %to, "table state");
        self.bell.ring();
    }
}
