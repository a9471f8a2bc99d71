//! Errors that stop a copy.

use pgq::table::is_own_cause;

/// Result of the copy's steps.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of a copy. Its supervisor runs it again; it goes on from what was committed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection or a plain statement failed.
    #[error("{what}: {source}")]
    Pg {
        /// What was being done.
        what: String,
        /// The server's words.
        #[source]
        source: pg::Error,
    },
    /// A call of the SQL API failed.
    #[error(transparent)]
    Pgq(#[from] pgq::Error),
    /// Changes could not be decoded or written.
    #[error(transparent)]
    Apply(#[from] apply::Error),
    /// The table is not there on one side.
    #[error("table {table} does not exist on the {side}: create it, or take it out with remove-table")]
    NoTable {
        /// The table.
        table: String,
        /// `source` or `target`.
        side: &'static str,
    },
    /// The two tables have no column in common.
    #[error(
        "table {source_table} on the source and {dest_table} on the target have no column in common, \
         generated ones left out: give the table on the target the source's columns, then resume-table; \
         or it is another table than the one meant: remove-table, then add-table with --dest-table"
    )]
    NoColumns {
        /// The table on the source.
        source_table: String,
        /// The table on the target.
        dest_table: String,
    },
    /// Columns of the source are not on the target.
    #[error(
        "columns of table {source_table} that {dest_table} on the target lacks: {columns}; add them there \
         and resume-table, or leave them out for good: add-table with --skip-columns={all}, then resume-table"
    )]
    ColumnsMissing {
        /// The table on the source.
        source_table: String,
        /// The table on the target.
        dest_table: String,
        /// The columns with their types.
        columns: String,
        /// Their names, after those that are skipped already.
        all: String,
    },
    /// What the copy had dropped does not come back.
    #[error("indexes and constraints of {table} do not come back after the copy: {reason}")]
    NotRestored {
        /// The table.
        table: String,
        /// The first one, and the server's words.
        reason: String,
    },
    /// A session that built an index is gone without a word.
    #[error(
        "the session (process {pid}) that built an index of {table} is gone: the copy goes on with what is built"
    )]
    BuilderLost {
        /// The table.
        table: String,
        /// Its server process.
        pid: i32,
    },
    /// The record of a copy is not readable.
    #[error("the snapshot kept of a copy is none: \"{text}\"")]
    Snapshot {
        /// What was kept.
        text: String,
    },
    /// A number of rows or bytes that PostgreSQL cannot keep.
    #[error("table {table} has more rows or bytes than can be counted")]
    TooLarge {
        /// The table.
        table: String,
    },
    /// Consumers of copies that work together do not stand at the same tick.
    #[error(
        "the copy of table {table} and others beside it: not all of their consumers have applied tick {tick}"
    )]
    Parted {
        /// The first table.
        table: String,
        /// Last tick applied.
        tick: i64,
    },
    /// Tables that are copied together have failed together.
    #[error("{source}")]
    InGroup {
        /// What has happened to one of them.
        #[source]
        source: Box<Error>,
    },
    /// Another table has the name of the one that the copy has filled.
    #[error("here, table {table} is another table now; resync {table}")]
    Exchanged {
        /// The table.
        table: String,
    },
    /// The source lacks a tick that it made after the copy had read.
    #[error(
        "the source was set back: it lacks tick {tick}, made after the copy of table {table} had read, or \
         has another one of that number (a failover to a server without its last seconds, or a restore); \
         \"londiste INI resync {table}\" copies the table anew"
    )]
    SourceSetBack {
        /// The table.
        table: String,
        /// The tick.
        tick: i64,
    },
    /// The copy's subscription and its record on the target disagree.
    #[error(
        "lost position of copy consumer \"{consumer}\": the target has applied tick {completed}, the \
         provider's batch goes from tick {previous} to {tick}; \"londiste INI resync {table}\" copies the \
         table anew"
    )]
    LostPosition {
        /// The consumer.
        consumer: String,
        /// The table.
        table: String,
        /// Tick applied on the target.
        completed: i64,
        /// Tick at the batch's beginning.
        previous: i64,
        /// Tick at its end.
        tick: i64,
    },
}

impl Error {
    /// Why the table cannot go on before somebody has looked at it; `None` where trying again may help, or the trouble
    /// is not this table's.
    pub(crate) fn own_cause(&self) -> Option<Cause> {
        match self {
            Error::Apply(error) => error.is_of_its_table().then(|| Cause {
                code: error.code().map(|code| code.code().to_owned()),
                event: error.event_id(),
            }),
            Error::Pg { source, .. } => {
                let code = source.sqlstate()?.code();
                is_own_cause(code).then(|| Cause { code: Some(code.to_owned()), event: None })
            }
            Error::NoTable { .. }
            | Error::NoColumns { .. }
            | Error::ColumnsMissing { .. }
            | Error::LostPosition { .. }
            | Error::SourceSetBack { .. }
            | Error::Exchanged { .. }
            | Error::Snapshot { .. }
            | Error::TooLarge { .. } => Some(Cause { code: None, event: None }),
            // a lock that is not to be had now, mostly
            Error::NotRestored { .. }
            | Error::BuilderLost { .. }
            | Error::Parted { .. }
            | Error::InGroup { .. }
            | Error::Pgq(_) => None,
        }
    }
}

impl Error {
    /// A server's refusal that may pass; `None` where the server, not a statement of the copy, is the trouble.
    pub(crate) fn refusal(&self) -> Option<Cause> {
        let code = match self {
            Error::Pg { source, .. } | Error::Pgq(pgq::Error::Sql { source, .. })
                if !source.is_connection_lost() =>
            {
                source.sqlstate()?.code()
            }
            Error::Apply(error) => error.code()?.code(),
            // its text alone is known
            Error::NotRestored { .. } => LOCK_NOT_AVAILABLE,
            Error::InGroup { source } => return source.refusal(),
            _ => return None,
        };
        let of_the_server = ["08", "25006", "28", "3D", "53300", "57P"];
        let of_the_server = of_the_server.iter().any(|class| code.starts_with(class));
        (!of_the_server).then(|| Cause { code: Some(code.to_owned()), event: None })
    }
}

/// SQLSTATE of a lock that was not to be had.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What is known about a cause besides its text.
#[derive(Debug)]
pub(crate) struct Cause {
    /// SQLSTATE.
    pub(crate) code: Option<String>,
    /// `ev_id`.
    pub(crate) event: Option<i64>,
}

/// Says what a plain statement was for.
pub(crate) trait During<T> {
    fn during(self, what: impl Into<String>) -> Result<T>;
}

impl<T> During<T> for std::result::Result<T, tokio_postgres::Error> {
    fn during(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Pg { what: what.into(), source: source.into() })
    }
}

impl<T> During<T> for std::result::Result<T, pg::Error> {
    fn during(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Pg { what: what.into(), source })
    }
}
