//! Runs of a worker: start-up checks, and one life of its connections after the other, by the kind of its node.

use pg::Session;
use pgq::Purpose;
use pgq::node::{self, NodeInfo, NodeType};
use tokio_util::sync::CancellationToken;

use crate::ended::Ended;
use crate::error::During;
use crate::{Error, Result, Worker, care, giving, root, subscriber};

impl Worker {
    /// Tries what can be wrong from the start: connect strings, passwords, the installation, the node.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn check(&self) -> Result<()> {
        let name = self.session_name(Purpose::Check);
        pg::refuse_transaction_pooler(&self.db()?, &name).await.during("this node (db)")?;
        let (target, node) = self.open().await?;
        if node.node_type == NodeType::Leaf {
            let state = self.state(&target).await?;
            let provider = self.provider(&state.provider_location.unwrap_or_default())?;
            pg::refuse_transaction_pooler(&provider, &name).await.during("the provider")?;
        }
        Ok(())
    }

    /// Works until `stop` is cancelled: then the batch in hand is finished, or rolled back where it is not yet being
    /// written.
    ///
    /// # Errors
    /// Any failure; the databases hold the position, so running again goes on from there.
    pub async fn run(&self, stop: CancellationToken) -> Result<()> {
        while self.once(&stop).await? == Ended::Reconnect {}
        Ok(())
    }

    /// One life of the connections.
    async fn once(&self, stop: &CancellationToken) -> Result<Ended> {
        let (mut target, node) = self.open().await?;
        self.report.node(&self.config.queue_name, &node);
        let ended = match node.node_type {
            NodeType::Root => {
                // beside what a root does all the time
                let care = async {
                    match care::run(self, &target, stop).await {
                        Ok(()) => std::future::pending().await,
                        Err(error) => Err(error),
                    }
                };
                tokio::select! {
                    ended = Box::pin(root::run(self, &target, &node, stop)) => ended,
                    failed = Box::pin(care) => failed,
                }
            }
            NodeType::Leaf => match giving::await_root(self, &target, stop).await {
                Ok(None) => Box::pin(subscriber::run(self, &mut target, &node, stop)).await,
                Ok(Some(ended)) => Ok(ended),
                Err(error) => Err(error),
            },
            NodeType::Branch => Err(Error::Branch { node: node.name }),
        };
        if let Err(error) = &ended {
            self.record(error).await;
        }
        ended
    }

    async fn open(&self) -> Result<(Session, NodeInfo)> {
        let target = Session::connect(&self.db()?, &self.session_name(Purpose::Worker))
            .await
            .during("this node (db)")?;
        pgq::install::require(&target).await?;
        let node = node::require(&*target, &self.config.queue_name).await?;
        if let Some(combined) = &node.combined_queue {
            let (node, queue, combined) = (node.name, self.config.queue_name.clone(), combined.clone());
            return Err(Error::Merged { node, queue, combined });
        }
        match &node.worker {
            Some(expected) if expected != self.config.consumer() => Err(Error::WrongWorker {
                node: node.name,
                queue: self.config.queue_name.clone(),
                expected: expected.clone(),
                consumer: self.config.consumer().to_owned(),
            }),
            _ => Ok((target, node)),
        }
    }

    /// A failure is shown in `status`, where the node can still be reached.
    async fn record(&self, error: &Error) {
        let Ok(db) = self.db() else { return };
        if let Ok(target) = Session::connect(&db, &self.session_name(Purpose::Error)).await {
            // the error itself is what matters; it is returned and logged by the supervisor
            let _ = node::set_error(
                &*target,
                &self.config.queue_name,
                self.config.consumer(),
                Some(&error.to_string()),
            )
            .await;
        }
    }
}
