//! Why a comparison or a repair stops.

/// Result of its steps.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of a comparison or a repair. What was found out before is kept, and the next run goes on there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement failed.
    #[error("{what}: {source}")]
    Server {
        /// What was being done.
        what: String,
        /// The server's words.
        #[source]
        source: pg::Error,
    },
    /// A call of the SQL API failed.
    #[error(transparent)]
    Pgq(#[from] pgq::Error),
    /// Events could not be read, or rows not be written.
    #[error(transparent)]
    Apply(#[from] apply::Error),
    /// A record of ours cannot be read.
    #[error(
        "what is kept of the comparison of table {table} cannot be read ({text}): compare the table again with --again"
    )]
    Record {
        /// The table.
        table: String,
        /// What was kept.
        text: String,
    },
    /// The provider's tick is not where the target's position says.
    #[error(
        "tick {tick} of queue {queue}, which the target has applied, is unknown to the provider: \
         it is another one, or was restored; see wait-provider and status"
    )]
    NoTick {
        /// The queue.
        queue: String,
        /// The tick.
        tick: i64,
    },
    /// A row does not become what it has to be.
    #[error("{row}: {why}")]
    Refused {
        /// The row, for people.
        row: String,
        /// Why.
        why: &'static str,
    },
    /// Another comparison has the tables.
    #[error(
        "another comparison of queue {queue} is at work; see compare --status, or end it with compare --stop"
    )]
    Busy {
        /// The queue.
        queue: String,
    },
    /// The user wants it to end.
    #[error("stopped by compare --stop; the next compare goes on where this one was")]
    Stopped,
}

impl Error {
    /// A connection is gone, or cannot be made: nothing is said of any table.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Error::Server { source, .. } => source.is_connection_lost(),
            Error::Pgq(source) => source.is_connection_lost(),
            Error::Apply(apply::Error::Server { source, .. }) => {
                source.is_closed() || source.code().is_none()
            }
            _ => false,
        }
    }

    /// No other table can be compared after it.
    pub(crate) fn ends_all(&self) -> bool {
        self.is_connection_lost()
            || matches!(self, Error::Stopped | Error::Busy { .. } | Error::NoTick { .. })
    }
}

/// Says what was being done.
pub(crate) trait During<T> {
    fn during(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<pg::Error>> During<T> for std::result::Result<T, E> {
    fn during(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Server { what: what.into(), source: source.into() })
    }
}
