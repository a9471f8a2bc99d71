//! Errors of calls of the SQL API.

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Answer of a statement whose purpose the caller names: the driver's error as it is, for the caller's own words.
pub type Answer<T> = std::result::Result<T, tokio_postgres::Error>;

/// A failed call of the SQL API.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The function answered with a code of 300 and above.
    #[error("{function}: {note} (code {code})")]
    Refused {
        /// Name of the SQL function.
        function: &'static str,
        /// Its `ret_code`.
        code: i32,
        /// Its `ret_note`.
        note: String,
    },
    /// The statement failed on the server, or the connection did.
    #[error("{what}: {source}")]
    Sql {
        /// What was being done.
        what: String,
        /// The server's or the connection's words.
        #[source]
        source: pg::Error,
    },
    /// The stock extensions are installed, and the role lacks memberships to work with them.
    #[error(
        "role \"{role}\" is not a member of {missing}, which the installed pgq extensions need; \
         as a superuser: grant {missing} to \"{role}\""
    )]
    Grants {
        /// The connected role.
        role: String,
        /// The roles to be granted, separated by commas.
        missing: String,
    },
    /// The schemas are there, and another role's.
    #[error(
        "role \"{role}\" may not use the schemas of this database: connect as \"{owner}\", which owns them, \
         or as a member of it"
    )]
    NotPermitted {
        /// The connected role.
        role: String,
        /// Whose they are.
        owner: String,
    },
    /// A database lacks the schemas, or some of them.
    #[error(
        "the database has no complete installation (missing: {missing}); \
         run create-root or create-leaf, or psql -f sql/init_noext.sql"
    )]
    NotInstalled {
        /// The schemas that are missing.
        missing: String,
    },
    /// The schemas are those of an older version.
    #[error(
        "the database holds version {installed} of the londiste-rs schemas, this program needs version {wanted}: \
         run psql -f sql/init_noext.sql (or create-root, create-leaf once more); \
         queues and tables stay in use meanwhile"
    )]
    Outdated {
        /// Steps that the database has taken.
        installed: i32,
        /// Steps that this version knows.
        wanted: i32,
    },
    /// The schemas are those of a newer version.
    #[error(
        "the database holds version {installed} of the londiste-rs schemas, this program knows version {known}: \
         a newer londiste-rs has upgraded it, use that one; nothing is lost meanwhile"
    )]
    Newer {
        /// Steps that the database has taken.
        installed: i32,
        /// Steps that this version knows.
        known: i32,
    },
    /// The server's answer to a question has no row.
    #[error("{what}: the server answers nothing")]
    Nothing {
        /// What was asked.
        what: String,
    },
    /// A script's attributes cannot be followed.
    #[error("attributes of the script: {what}")]
    Script {
        /// What is wrong with them.
        what: String,
    },
    /// A tick of a batch is gone while the batch is taken.
    #[error("tick {tick} of queue \"{queue}\" is not there, though the consumer's batch ends at it")]
    NoTick {
        /// The queue.
        queue: String,
        /// The tick.
        tick: i64,
    },
    /// A snapshot that the server has told is none.
    #[error(transparent)]
    Snapshot(crate::snapshot::Malformed),
    /// The server sends a batch in another order than it was asked for.
    #[error(
        "the server sent event {event} of a batch too late: is parallel query forced in the provider's session? \
         nothing of the batch was applied"
    )]
    Disorder {
        /// Number of the event.
        event: i64,
    },
    /// No node of that queue in the database.
    #[error("queue \"{queue}\" has no node in this database; create it with create-root or create-leaf")]
    NoNode {
        /// The queue asked for.
        queue: String,
    },
}

impl Error {
    /// Whether the connection is gone, so that only a new one helps.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Error::Sql { source, .. } if source.is_connection_lost())
    }
}
