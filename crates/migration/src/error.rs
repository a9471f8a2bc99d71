//! Why a check could not be made, or a step not be asked for.

use std::time::Duration;

/// Result of a check's steps.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a check could not be made, or a step not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection to a side that it asks.
    #[error("the {0} cannot be reached")]
    Unreachable(crate::Place),
    /// The server refused a query, or the connection broke.
    #[error(transparent)]
    Server(#[from] pg::Error),
    /// A call of the SQL API failed.
    #[error(transparent)]
    Pgq(#[from] pgq::Error),
    /// The schemas could not be compared.
    #[error("{0}")]
    Structure(String),
    /// Transactions that have written before the freeze do not end.
    #[error("{}", writers(.0))]
    Writers(Vec<pgq::switch::Writer>),
    /// Only the new root can say that it has not begun to take changes.
    #[error(
        "the old root has left already, and the new one must answer before it may be opened again: \
         they could both take changes"
    )]
    NewRootNeeded,
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// Something of this machine cannot be read.
    #[error("{what}: {source}")]
    Machine {
        /// What was being read.
        what: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What to do about it, where that is known.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Error::Server(error) if error.sqlstate() == Some(&pg::SqlState::INSUFFICIENT_PRIVILEGE) => {
                "grant what is missing, or leave it out: --skip"
            }
            Error::Server(error) if error.sqlstate() == Some(&pg::SqlState::LOCK_NOT_AVAILABLE) => {
                "the table is locked: give the command again"
            }
            _ => "",
        }
    }
}

/// Who keeps a root from being given away.
fn writers(writers: &[pgq::switch::Writer]) -> String {
    let one = |writer: &pgq::switch::Writer| {
        let age = writer.age.as_secs_f64();
        match (writer.pid, &writer.prepared) {
            (Some(pid), _) => format!(
                "server process {pid} (role {}, application \"{}\", in its transaction for {age:.0} s): {}",
                writer.role, writer.application, writer.query
            ),
            (None, prepared) => {
                format!("a prepared transaction: {}", prepared.as_deref().unwrap_or_default())
            }
        }
    };
    let all: Vec<String> = writers.iter().map(one).collect();
    format!("transactions that have written do not end: {}", all.join("; "))
}
