//! Errors on the way to PostgreSQL and back, in the server's words.

use std::time::Duration;
use std::{fmt, io};

use tokio_postgres::error::SqlState;

use crate::refusal;

/// Result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of this crate or of the server. `Display` is complete (message, SQLSTATE, detail, hint, context) and never
/// holds a password, or the values of rows that the failure is about; the sources are there for programs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A connect string, or what it points to (service, environment), cannot be understood.
    #[error("invalid connect string: {0}")]
    ConnectString(String),
    /// A file named in a connect string, or its default, cannot be used.
    #[error("{what}: {source}")]
    File {
        /// The file's part and path.
        what: String,
        /// What the operating system or the parser said.
        #[source]
        source: io::Error,
    },
    /// The TLS settings of a connect string cannot be put into force.
    #[error("TLS: {0}")]
    Tls(String),
    /// No server of the connect string could be reached or would have us.
    #[error("cannot connect to {}", Attempts(.0))]
    Connect(Vec<Attempt>),
    /// The server refused a statement, or the connection broke under it.
    #[error("{}", Told(.0))]
    Query(#[from] tokio_postgres::Error),
    /// A COPY stream broke.
    #[error("copy failed on the {side}: {}", Told(.source))]
    Copy {
        /// Which end of the pipe failed.
        side: Side,
        /// What that end said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The connection is gone.
    #[error("connection lost{}", Cause(.0))]
    Lost(#[source] Option<tokio_postgres::Error>),
    /// A pooler stands before the server, which gives every statement to another server process.
    #[error("{0}: {POOLER}")]
    TransactionPooler(String),
    /// The pool was closed.
    #[error("the connection pool of {0} is closed")]
    PoolClosed(String),
    /// The server answered what no supported PostgreSQL answers.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
    /// A failure with what was being done.
    #[error("{what}: {source}")]
    During {
        /// What was being done, and where.
        what: String,
        /// What failed.
        #[source]
        source: Box<Error>,
    },
}

const POOLER: &str = "a pooler in transaction mode stands before this server: settings, prepared statements \
                      and locks of a session get lost behind it. Name the server itself in the connect \
                      string, or let the pooler lend by session (pgbouncer: pool_mode = session)";

/// A session's prepared statements are its own: what says otherwise is a pooler.
fn lends_to_others(code: &SqlState) -> bool {
    [SqlState::DUPLICATE_PSTATEMENT, SqlState::INVALID_SQL_STATEMENT_NAME].contains(code)
}

/// An end of a COPY pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that is read (`COPY … TO STDOUT`).
    Source,
    /// The end that is written (`COPY … FROM STDIN`).
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// One try at one server.
#[derive(Debug)]
pub struct Attempt {
    /// Host, port, database and user.
    pub place: String,
    pub(crate) failure: Failure,
}

#[derive(Debug)]
pub(crate) enum Failure {
    Resolve(io::Error),
    TimedOut(Duration),
    Postgres(tokio_postgres::Error),
    Unsuitable(String),
}

/// The driver's words for it.
fn lacks_password(e: &tokio_postgres::Error) -> bool {
    e.to_string() == "invalid configuration" && Told(e).to_string().ends_with("password missing")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(e) => write!(f, "cannot resolve the host name: {e}"),
            Self::TimedOut(d) => write!(f, "no answer within {} s (connect_timeout)", d.as_secs()),
            Self::Postgres(e) if lacks_password(e) => f.write_str(
                "password missing: the server asks for one, and there is none in the connect string, in a \
                 password_file, or on a line of ~/.pgpass that fits (one that others may read is not used)",
            ),
            Self::Postgres(e) => Told(e).fmt(f),
            Self::Unsuitable(why) => f.write_str(why),
        }
    }
}

impl Error {
    /// Adds what was being done to a failure.
    #[must_use]
    pub fn during(self, what: impl Into<String>) -> Self {
        Self::During { what: what.into(), source: Box::new(self) }
    }

    /// The SQLSTATE the server gave, if the server spoke.
    pub fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::Query(e) | Self::Copy { source: e, .. } | Self::Lost(Some(e)) => e.code(),
            Self::Connect(attempts) => attempts.iter().rev().find_map(|a| match &a.failure {
                Failure::Postgres(e) => e.code(),
                _ => None,
            }),
            Self::During { source, .. } => source.sqlstate(),
            _ => None,
        }
    }

    /// The connection broke, could not be made, or the server goes down or comes up: trying again later may help.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Query(e) | Self::Copy { source: e, .. } => lost(e),
            Self::Connect(attempts) => attempts.iter().any(|a| match &a.failure {
                Failure::Resolve(_) | Failure::TimedOut(_) => true,
                Failure::Postgres(e) => lost(e),
                Failure::Unsuitable(_) => false,
            }),
            Self::During { source, .. } => source.is_connection_lost(),
            _ => false,
        }
    }

    /// A statement gave up waiting for a lock (`lock_timeout`, `nowait`).
    pub fn is_lock_timeout(&self) -> bool {
        self.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// The statement was chosen as victim of a deadlock, or could not be serialized: the transaction may be repeated.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.sqlstate(),
            Some(s) if *s == SqlState::T_R_DEADLOCK_DETECTED || *s == SqlState::T_R_SERIALIZATION_FAILURE
        )
    }

    /// The server does not accept who we say we are (wrong password, no `pg_hba.conf` entry, unknown role), or no
    /// password was to be found.
    pub fn is_auth(&self) -> bool {
        self.sqlstate().is_some_and(|s| s.code().starts_with("28"))
            || matches!(self, Self::Connect(attempts) if attempts.iter().any(|a| match &a.failure {
                Failure::Postgres(e) => e.to_string() == "authentication error" || lacks_password(e),
                _ => false,
            }))
            || matches!(self, Self::During { source, .. } if source.is_auth())
    }

    /// The statement was cancelled (by a user, by `statement_timeout`, or by dropping its session).
    pub fn is_cancelled(&self) -> bool {
        self.sqlstate() == Some(&SqlState::QUERY_CANCELED)
    }
}

fn lost(e: &tokio_postgres::Error) -> bool {
    if let Some(code) = e.code() {
        return code.code().starts_with("08") || matches!(code.code(), "57P01" | "57P02" | "57P03" | "57P05");
    }
    let io = std::error::Error::source(e).is_some_and(<dyn std::error::Error>::is::<io::Error>);
    e.is_closed() || (io && !matches!(e.to_string().as_str(), "error performing TLS handshake"))
}

/// All of what a driver error knows, in one line.
pub(crate) struct Told<'a>(pub(crate) &'a tokio_postgres::Error);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(db) = self.0.as_db_error() else {
            write!(f, "{}", self.0)?;
            let mut next = std::error::Error::source(self.0);
            while let Some(cause) = next {
                match our_own(cause) {
                    Some(text) => write!(f, ": {text}")?,
                    None => write!(f, ": {cause}")?,
                }
                next = cause.source();
            }
            return Ok(());
        };
        write!(f, "{} (SQLSTATE {})", refusal::message_without_values(db), db.code().code())?;
        let hint = db.hint().map(str::to_owned);
        for (label, text) in
            [("detail", refusal::detail(db)), ("hint", hint), ("context", refusal::context(db))]
        {
            if let Some(text) = text {
                write!(f, "; {label}: {}", text.replace('\n', " / "))?;
            }
        }
        if lends_to_others(db.code()) { write!(f, ": {POOLER}") } else { Ok(()) }
    }
}

/// What our own verifier said: rustls has no better place for it than an "unexpected error".
fn our_own<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a str> {
    match cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::General(text) => Some(text),
        _ => None,
    }
}

struct Cause<'a>(&'a Option<tokio_postgres::Error>);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(e) => write!(f, ": {}", Told(e)),
            None => Ok(()),
        }
    }
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        for attempt in self.0 {
            let text = format!("{}: {}", attempt.place, attempt.failure);
            if !said.contains(&text) {
                said.push(text);
            }
        }
        f.write_str(&said.join("; "))
    }
}
