//! Errors between an event and its row. No message holds values of a row beyond its key.

use tokio_postgres::error::SqlState;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A change that could not be decoded or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event's text does not follow the format its type promises.
    #[error(
        "event {event_id} ({kind}) of table {table} cannot be read: {reason}; \
         the table needs a resync if the event is damaged"
    )]
    Malformed {
        /// `ev_id`.
        event_id: i64,
        /// `ev_type`.
        kind: String,
        /// `ev_extra1`.
        table: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A shape's description is missing or damaged.
    #[error("row shape {id} cannot be used: {reason}; check londiste_rs.shape on the provider")]
    Shape {
        /// `shape_id`.
        id: i32,
        /// What is wrong with it.
        reason: String,
    },
    /// An event needs a shape that has not been loaded; call
    /// [`Decoder::refresh_shapes`](crate::Decoder::refresh_shapes) first.
    #[error("event {event_id} of table {table} needs row shape {id}, which is not loaded")]
    ShapeNotLoaded {
        /// `shape_id`.
        id: i32,
        /// `ev_id`.
        event_id: i64,
        /// `ev_extra1`.
        table: String,
    },
    /// The root's table is not the one that it was: changes may be missing before this event, and come from another
    /// table behind it.
    #[error("event {event_id}: on the root, table {table} {notice}; {remedy}")]
    Replaced {
        /// `ev_id`.
        event_id: i64,
        /// `ev_txid`.
        txid: i64,
        /// The table.
        table: String,
        /// What happened.
        notice: String,
        /// What to do.
        remedy: String,
    },
    /// An event of a type that nobody knows.
    #[error("event {event_id} of type {kind} cannot be read: nobody knows the type")]
    UnknownEvent {
        /// `ev_id`.
        event_id: i64,
        /// `ev_txid`.
        txid: i64,
        /// `ev_type`.
        kind: String,
        /// `ev_extra1`.
        extra1: Option<String>,
    },
    /// The destination table is not there.
    #[error(
        "table {table} does not exist on the target (first needed by event {event_id}); \
         create it, or take it out of replication with remove-table"
    )]
    TableMissing {
        /// Destination table.
        table: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// A column that identifies rows is not on the target.
    #[error(
        "column {column} identifies rows of table {table}, \
         but the target's table does not have it (event {event_id}); add the column to the target"
    )]
    KeyColumnMissing {
        /// Destination table.
        table: String,
        /// The column.
        column: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// A column of the source with values is not on the target.
    #[error(
        "event {event_id}: column {column} of table {table} is not on the target, and it {reason}; \
         the table waits and its events are kept: {remedy}"
    )]
    ColumnMissing {
        /// Destination table.
        table: String,
        /// The column on the source.
        column: String,
        /// Why it cannot be left out.
        reason: String,
        /// What to do.
        remedy: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// Columns of the source are not on the target: [`Source::ask`](crate::Source::ask) first.
    #[error(
        "columns {columns:?} of table {table} are not on the target, \
         and the source was not asked about them (event {event_id})"
    )]
    SourceUnknown {
        /// Destination table.
        table: String,
        /// The columns on the source.
        columns: Vec<String>,
        /// `ev_id`.
        event_id: i64,
    },
    /// A row is to be found by its old values, and the event does not tell them.
    #[error(
        "event {event_id} changes a row of table {table}, which has no key, \
         and does not tell the row's old values; add a key, or capture with the argument backup"
    )]
    NoOldRow {
        /// Destination table.
        table: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// An update or delete found no row: source and target differ.
    #[error(
        "event {event_id}: the row to {op} in table {table} is missing on the target ({key}); \
         the table was changed there, resync it"
    )]
    RowMissing {
        /// update, delete.
        op: &'static str,
        /// Destination table.
        table: String,
        /// Key columns and their values.
        key: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// An insert found its key taken: source and target differ.
    #[error(
        "event {event_id}: the row to insert into table {table} is already on the target ({key}); \
         remove what was written there by others, or resync it"
    )]
    KeyTaken {
        /// Destination table.
        table: String,
        /// Key columns and their values.
        key: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// A change that means a row by all of its values has not found it so, in a table whose key may have several rows
    /// before the source's
    /// transaction ends.
    #[error(
        "event {event_id}: the row to {op} in table {table} is not on the target with the values that it had \
         on the source ({key}); the table was changed there, resync it"
    )]
    Differs {
        /// insert, update, delete.
        op: &'static str,
        /// Destination table.
        table: String,
        /// Key columns of the target's table and their values.
        key: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// Rows are in each other's way, and a change does not tell enough to write only what all come to.
    #[error(
        "event {event_id}: rows of table {table} are in each other's way, \
         and this one does not tell a whole row by the key of the target's table; resync it"
    )]
    Tangled {
        /// Destination table.
        table: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// A key has several rows on the target: what identifies a row on the source does not on the target.
    #[error(
        "events {first_event} to {last_event}: keys of table {table} have several rows each on the target; \
         make its key unique there (where it is deferrable: not deferrable), or resync it"
    )]
    NotUnique {
        /// Destination table.
        table: String,
        /// First event of the statement.
        first_event: i64,
        /// Last event of the statement.
        last_event: i64,
    },
    /// The rows that TRUNCATE of a partition took on the source cannot be told on the target.
    #[error(
        "event {event_id}: partition {partition} of table {table} was truncated on the source, \
         and which of the target's rows that took cannot be told: {reason}; {remedy}"
    )]
    PartitionUnlike {
        /// Destination table.
        table: String,
        /// The partition on the source.
        partition: String,
        /// Why.
        reason: String,
        /// What to do.
        remedy: String,
        /// `ev_id`.
        event_id: i64,
    },
    /// The server refused a statement.
    #[error("table {table}, {op}{events}{key}: {message} (SQLSTATE {code}){remedy}",
        events = Events(*.first_event, *.last_event), key = Labelled(", ", .key), code = .code.code(),
        remedy = Labelled("; ", .remedy))]
    Refused {
        /// Destination table.
        table: String,
        /// insert, update, delete, truncate; commit, where no event can be told.
        op: &'static str,
        /// First event of the statement.
        first_event: i64,
        /// Last event of the statement.
        last_event: i64,
        /// Key columns and their values, where one row is concerned.
        key: Option<String>,
        /// SQLSTATE.
        code: Box<SqlState>,
        /// The server's message, without row values.
        message: Box<str>,
        /// What to do about it.
        remedy: Option<&'static str>,
    },
    /// A statement of our own that concerns no table's rows failed, or the connection did.
    #[error("{what} failed: {source}")]
    Server {
        /// What was being done.
        what: String,
        /// The cause.
        source: tokio_postgres::Error,
    },
}

struct Events(i64, i64);

impl std::fmt::Display for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Events(0, 0) => Ok(()),
            Events(first, last) if first == last => write!(f, " of event {first}"),
            Events(first, last) => write!(f, " of events {first} to {last}"),
        }
    }
}

struct Labelled<'a, T>(&'static str, &'a Option<T>);

impl<T: std::fmt::Display> std::fmt::Display for Labelled<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1 {
            Some(text) => write!(f, "{}{text}", self.0),
            None => Ok(()),
        }
    }
}

impl Error {
    pub(crate) fn server(what: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Error {
        let what = what.into();
        move |source| Error::Server { what, source }
    }

    /// SQLSTATE of the server's refusal, where there is one.
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Error::Refused { code, .. } => Some(code),
            Error::Server { source, .. } => source.code(),
            _ => None,
        }
    }

    /// The destination table concerned, where the error is about one.
    pub fn table(&self) -> Option<&str> {
        match self {
            Error::Malformed { table, .. }
            | Error::ShapeNotLoaded { table, .. }
            | Error::Replaced { table, .. }
            | Error::TableMissing { table, .. }
            | Error::KeyColumnMissing { table, .. }
            | Error::ColumnMissing { table, .. }
            | Error::SourceUnknown { table, .. }
            | Error::NoOldRow { table, .. }
            | Error::RowMissing { table, .. }
            | Error::KeyTaken { table, .. }
            | Error::Differs { table, .. }
            | Error::Tangled { table, .. }
            | Error::NotUnique { table, .. }
            | Error::PartitionUnlike { table, .. }
            | Error::Refused { table, .. } => Some(table),
            Error::Shape { .. } | Error::Server { .. } | Error::UnknownEvent { .. } => None,
        }
    }

    /// The transaction that wrote the event, where that decides whether a copy has seen what it tells.
    pub fn txid(&self) -> Option<i64> {
        match self {
            Error::Replaced { txid, .. } => Some(*txid),
            _ => None,
        }
    }

    /// `ev_id` of the first event concerned.
    pub fn event_id(&self) -> Option<i64> {
        match self {
            Error::Malformed { event_id, .. }
            | Error::ShapeNotLoaded { event_id, .. }
            | Error::Replaced { event_id, .. }
            | Error::UnknownEvent { event_id, .. }
            | Error::TableMissing { event_id, .. }
            | Error::KeyColumnMissing { event_id, .. }
            | Error::ColumnMissing { event_id, .. }
            | Error::SourceUnknown { event_id, .. }
            | Error::NoOldRow { event_id, .. }
            | Error::RowMissing { event_id, .. }
            | Error::KeyTaken { event_id, .. }
            | Error::Differs { event_id, .. }
            | Error::Tangled { event_id, .. }
            | Error::PartitionUnlike { event_id, .. } => Some(*event_id),
            Error::NotUnique { first_event, .. } | Error::Refused { first_event, .. } => {
                (*first_event > 0).then_some(*first_event)
            }
            Error::Shape { .. } | Error::Server { .. } => None,
        }
    }

    /// Rows are in each other's way on the way to the transaction's last state, which
    /// [`gather`](crate::Applier::gather) leaves out: a
    /// unique index, an exclusion constraint, or rows of one deferred key.
    pub fn is_collision(&self) -> bool {
        match self {
            Error::Refused { code, .. } => matches!(code.code(), "23505" | "23P01"),
            other => matches!(other, Error::Differs { .. }),
        }
    }

    /// A refusal of a table's statement that says nothing of the table: a deadlock, a lock that was not to be had, a
    /// cancelled statement.
    /// Trying again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Refused { code, .. } if !pgq::table::is_own_cause(code.code()))
    }

    /// Whether the cause lies in the table named, so that the others can go on without it.
    pub fn is_of_its_table(&self) -> bool {
        match self {
            Error::Refused { code, .. } => pgq::table::is_own_cause(code.code()),
            other => other.table().is_some(),
        }
    }
}
