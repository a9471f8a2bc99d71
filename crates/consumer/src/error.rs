//! Errors that stop a worker.

use crate::misfit::Misfit;

/// Result of the worker's steps.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the worker. Its supervisor runs it again; nothing has been applied in part.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection or a plain statement failed.
    #[error("{what}: {source}")]
    Pg {
        /// What was being done.
        what: &'static str,
        /// The server's words.
        #[source]
        source: pg::Error,
    },
    /// A call of the SQL API failed.
    #[error(transparent)]
    Pgq(#[from] pgq::Error),
    /// A batch could not be applied.
    #[error("batch {batch} up to tick {tick}: {source}")]
    Batch {
        /// Number of the batch.
        batch: i64,
        /// Tick at its end.
        tick: i64,
        /// What failed.
        #[source]
        source: Box<Error>,
    },
    /// The task that reads a batch has ended without its end.
    #[error("reading the batch ended before its end; nothing of it was applied")]
    ReaderGone,
    /// Changes could not be decoded or written.
    #[error(transparent)]
    Apply(#[from] apply::Error),
    /// Tables that cannot be written, each for a cause of its own.
    #[error("{} tables cannot be written; {}: {}", .0.len(), .0.first().map_or("", |f| &*f.table),
        .0.first().map(|f| f.error.to_string()).unwrap_or_default())]
    Tables(Vec<apply::Failure>),
    /// Tables that were exchanged for others of their names while a batch was written into them.
    #[error("another table has come under the name of {}", .0.join(", "))]
    Exchanged(Vec<String>),
    /// The connect string of the node, or of its provider, cannot be read.
    #[error("connect string {which}: {source}")]
    ConnectString {
        /// Which one.
        which: String,
        /// Why.
        #[source]
        source: pg::Error,
    },
    /// The provider's queue and this node disagree about the position.
    #[error(
        "lost position of consumer \"{consumer}\" on queue \"{queue}\": \
         this node has applied tick {completed}; {misfit}"
    )]
    LostPosition {
        /// The consumer.
        consumer: String,
        /// The queue.
        queue: String,
        /// Tick applied on this node.
        completed: i64,
        /// How they disagree, and the remedy.
        misfit: Misfit,
    },
    /// The worker named in the ini is not the node's.
    #[error(
        "node \"{node}\" of queue \"{queue}\" belongs to worker \"{expected}\", this one is \"{consumer}\": \
         set job_name (or consumer_name) in the ini to \"{expected}\""
    )]
    WrongWorker {
        /// The node.
        node: String,
        /// The queue.
        queue: String,
        /// The worker it was created for.
        expected: String,
        /// This one.
        consumer: String,
    },
    /// Another worker is at work on the same node.
    #[error(
        "another process works on this node as consumer \"{consumer}\" of queue \"{queue}\" ({rival}): \
         stop one of the two; nothing was applied twice"
    )]
    Rival {
        /// The consumer that both are.
        consumer: String,
        /// The queue.
        queue: String,
        /// What is known of the other one.
        rival: String,
    },
    /// The session that holds the node's lock is gone; whoever waits for it may have it now.
    #[error(
        "the connection that held the lock of this node of queue \"{queue}\" is lost: \
         nothing is done before it is had again"
    )]
    LockLost {
        /// The queue.
        queue: String,
    },
    /// A branch node, which this version does not serve.
    #[error("node \"{node}\" is a branch: this version runs root and leaf nodes only")]
    Branch {
        /// The node.
        node: String,
    },
    /// A node whose events are merged into another queue.
    #[error(
        "node \"{node}\" passes queue \"{queue}\" on into the combined queue \"{combined}\" \
         (pgq_node.node_info.combined_queue): this version \
         merges no queues; leave the node to the stock worker, or drop it and create it again without --merge"
    )]
    Merged {
        /// The node.
        node: String,
        /// Its queue.
        queue: String,
        /// The queue that takes in its events.
        combined: String,
    },
    /// An event of a type that nobody knows: what it means for the tables cannot be known either.
    #[error(
        "event {event} of type \"{kind}\" is of no type that londiste knows{about}; transaction {txid} has \
         put it into queue \"{queue}\" of node \"{provider}\". Nothing behind it is applied: find out who \
         writes it and stop that, then take it out of the queue there with: {remedy}"
    )]
    UnknownEvent {
        /// `ev_id`.
        event: i64,
        /// `ev_type`.
        kind: Box<str>,
        /// Its `ev_extra1`, in words.
        about: Box<str>,
        /// `ev_txid`.
        txid: i64,
        /// The queue.
        queue: Box<str>,
        /// The node that the event comes from.
        provider: Box<str>,
        /// A statement for the provider.
        remedy: Box<str>,
    },
    /// A script that an event brings failed.
    #[error(
        "EXECUTE event {script}: {source}; mend what it needs here, or do its work by hand and give: \
         londiste INI execute --skip {script}"
    )]
    Script {
        /// The script.
        script: String,
        /// What failed.
        #[source]
        source: Box<Error>,
    },
}

impl Error {
    /// Whether the connection is gone, so that the reason cannot be written into the database.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Error::Pg { source, .. } | Error::ConnectString { source, .. } => source.is_connection_lost(),
            Error::Pgq(source) => source.is_connection_lost(),
            Error::Batch { source, .. } | Error::Script { source, .. } => source.is_connection_lost(),
            Error::Apply(_) | Error::Tables(_) | Error::LostPosition { .. } | Error::WrongWorker { .. } => {
                false
            }
            Error::LockLost { .. } => true,
            Error::Branch { .. } | Error::ReaderGone | Error::Rival { .. } => false,
            Error::Merged { .. } | Error::UnknownEvent { .. } | Error::Exchanged(_) => false,
        }
    }
}

/// Says what a plain statement was for.
pub(crate) trait During<T> {
    fn during(self, what: &'static str) -> Result<T>;
}

impl<T> During<T> for std::result::Result<T, tokio_postgres::Error> {
    fn during(self, what: &'static str) -> Result<T> {
        self.map_err(|source| Error::Pg { what, source: source.into() })
    }
}

impl<T> During<T> for std::result::Result<T, pg::Error> {
    fn during(self, what: &'static str) -> Result<T> {
        self.map_err(|source| Error::Pg { what, source })
    }
}
