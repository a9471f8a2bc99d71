//! Error of this crate.

/// What a database answered, and what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server or the database is not reached.
    #[error("database {database}: {source}")]
    Connect {
        /// Which one.
        database: String,
        /// The reason.
        source: pg::Error,
    },
    /// A database is not for this role.
    #[error("database {database}: {source}")]
    Privileges {
        /// Which one.
        database: String,
        /// What is missing.
        source: pgq::Error,
    },
    /// A connected database refused something, or the connection was lost.
    #[error("database {database}, {doing}: {source}")]
    Database {
        /// Which one.
        database: String,
        /// What was asked of it.
        doing: String,
        /// Its answer.
        source: pg::Error,
    },
}

impl Error {
    pub(crate) fn connect(database: &str) -> impl Fn(pg::Error) -> Error + use<'_> {
        move |source| Error::Connect { database: database.into(), source }
    }

    pub(crate) fn doing(database: &str, doing: impl Into<String>) -> impl FnOnce(pg::Error) -> Error {
        let (database, doing) = (database.to_owned(), doing.into());
        move |source| Error::Database { database, doing, source }
    }
}
