//! Runs of a worker: start-up checks, and one life of its connections after the other, by the kind of its node.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use pg::Session;
use pgq::Purpose;
use pgq::node::{self, NodeInfo, NodeType};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::ended::Ended;
use crate::error::During;
use crate::node_lock::Use;
use crate::worker::Held;
use crate::{Error, Result, Worker, care, giving, root, standby, subscriber};

/// So many connections lost in a row, without a piece of work done between them, and the node is let go of.
const FRUITLESS: u32 = 5;

/// What start-up checks have found. `Display` tells it in a line.
#[derive(Debug)]
pub struct Found {
    queue: String,
    name: String,
    kind: NodeType,
    /// The server's version, as a number.
    here: u32,
    /// That of the provider's, where the node has one.
    provider: Option<u32>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { queue, name, kind, here, provider } = self;
        let kind = kind.as_str();
        write!(f, "{kind} {name} of queue {queue}, on PostgreSQL {}", pg::version_in_words(*here))?;
        match provider {
            Some(provider) => write!(f, ", its provider on PostgreSQL {}", pg::version_in_words(*provider)),
            None => Ok(()),
        }
    }
}

impl Worker {
    /// Tries what can be wrong from the start: connect strings, passwords, the installation, the node.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn check(&self) -> Result<Found> {
        let name = self.session_name(Purpose::Check);
        pg::refuse_transaction_pooler(&self.db()?, &name).await.during("this node (db)")?;
        let target = self.connect().await?;
        let node = self.look(&target).await?;
        let mut provider_version = None;
        if node.node_type == NodeType::Leaf {
            let state = self.state(&target).await?;
            let provider = self.provider(&state.provider_location.unwrap_or_default())?;
            let version = pg::refuse_transaction_pooler(&provider, &name).await.during("the provider")?;
            provider_version = Some(version);
        }
        let (queue, here) = (self.config.queue_name.clone(), target.server_version());
        Ok(Found { queue, name: node.name, kind: node.node_type, here, provider: provider_version })
    }

    /// Works until `stop` is cancelled: then the batch in hand is finished, or rolled back where it is not yet being
    /// written.
    ///
    /// # Errors
    /// Any failure; the databases hold the position, so running again goes on from there.
    // boxed, so that all that it awaits is compiled here, and not once more in each crate above
    pub fn run(&self, stop: CancellationToken) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            while self.once(&stop).await? != Ended::Stopped {}
            Ok(())
        })
    }

    /// One life of the connections.
    async fn once(&self, stop: &CancellationToken) -> Result<Ended> {
        let mut held = self.held.lock().await;
        let Some((session, lost)) = self.hold(&mut held, stop).await? else { return Ok(Ended::Stopped) };
        let ended = tokio::select! {
            biased;
            ended = Box::pin(self.serve(&mut held, &session, stop)) => ended,
            () = lost.cancelled() => Err(Error::LockLost { queue: self.config.queue_name.clone() }),
        };
        if let Err(error) = &ended {
            self.record(error).await;
        }
        // copies end with the process, and not with a failure of the worker
        if (matches!(ended, Ok(Ended::Stopped)) || self.has_failed_enough(&mut held, &ended))
            && let Some(lock) = held.lock.take()
            && let Err(error) = lock.release(&self.config).await
        {
            debug!("{error}: the end of the connection does the same");
        }
        ended
    }

    /// Whether another process, if one stands by, should try: the servers are not reached from here.
    fn has_failed_enough(&self, held: &mut Held, ended: &Result<Ended>) -> bool {
        if !ended.as_ref().is_err_and(Error::is_connection_lost) {
            return false;
        }
        let (failures, pieces) = held.fruitless;
        let now = self.report.pieces();
        let failures = if pieces == now { failures + 1 } else { 1 };
        held.fruitless = (failures % FRUITLESS, now);
        failures == FRUITLESS
    }

    /// Makes this process the one that works on the node, if it is not yet.
    async fn hold(
        &self,
        held: &mut Held,
        stop: &CancellationToken,
    ) -> Result<Option<(Arc<Session>, CancellationToken)>> {
        let lock = match held.lock.take().filter(|lock| !lock.is_lost()) {
            Some(lock) => lock,
            None => {
                let Some(lock) = standby::take(self, stop).await? else { return Ok(None) };
                if lock.is_taken_over() || !held.ever {
                    standby::end_former(self, &lock.session()).await?;
                    held.kind = None;
                }
                held.ever = true;
                lock
            }
        };
        let lock = held.lock.insert(lock);
        Ok(Some((lock.session(), lock.lost())))
    }

    /// Works as the node's kind has it.
    async fn serve(&self, held: &mut Held, session: &Session, stop: &CancellationToken) -> Result<Ended> {
        let watched = pg::enlist(&self.db()?, session.backend_pid());
        let node = self.look(session).await?;
        self.report.node(&self.config.queue_name, &node);
        let before = held.kind.replace(node.node_type);
        let (purpose, used) = match node.node_type {
            NodeType::Root => (Purpose::Worker, Use::Work(self.config.loop_delay)),
            _ => (Purpose::Node, Use::Lock),
        };
        let Some(lock) = &mut held.lock else { return Ok(Ended::Reconnect) };
        lock.serve(&self.session_name(purpose), used).await?;
        if node.node_type != NodeType::Root {
            self.ticks.leave().await;
            self.report.note(|facts| facts.ticker = None);
        } else if before == Some(NodeType::Leaf) || (before.is_none() && lock.is_taken_over()) {
            self.ticks.hasten().await;
        }
        if node.node_type == NodeType::Root {
            // it follows nobody any more
            self.report.note(|facts| (facts.batch, facts.in_hand, facts.level) = (None, None, None));
        }
        match node.node_type {
            NodeType::Root => {
                // its session is the worker's own: neither outlives a failure of the other
                let Some(lock) = held.lock.take() else { return Ok(Ended::Reconnect) };
                // beside what a root does all the time
                let care = async {
                    match care::run(self, session, stop).await {
                        Ok(()) => std::future::pending().await,
                        Err(error) => Err(error),
                    }
                };
                let ended = tokio::select! {
                    ended = Box::pin(root::run(self, session, &node, stop)) => ended?,
                    failed = Box::pin(care) => failed?,
                };
                held.lock = match ended {
                    Ended::Reconnect => standby::renew(self, lock, stop).await?,
                    Ended::Stopped | Ended::Changed => Some(lock),
                };
                Ok(ended)
            }
            NodeType::Leaf => {
                drop(watched);
                let mut target = self.connect().await?;
                match giving::await_root(self, &target, stop).await? {
                    None => Box::pin(subscriber::run(self, &mut target, &node, stop)).await,
                    Some(ended) => Ok(ended),
                }
            }
            NodeType::Branch => Err(Error::Branch { node: node.name }),
        }
    }

    async fn connect(&self) -> Result<Session> {
        Session::connect(&self.db()?, &self.session_name(Purpose::Worker)).await.during("this node (db)")
    }

    /// The node, if it is this worker's.
    async fn look(&self, target: &Session) -> Result<NodeInfo> {
        pgq::install::require(target).await?;
        let node = node::require(&**target, &self.config.queue_name).await?;
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
            _ => Ok(node),
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
