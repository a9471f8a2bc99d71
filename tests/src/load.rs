//! Applications that write to the source while it is replicated.
pub mod evolution;
pub mod pgbench;
pub mod shop;

use postgres::Client;
use postgres::error::SqlState;

/// What a writer did until it was stopped.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Committed transactions.
    pub transactions: u64,
    /// Errors that the application saw; a replicated application sees none.
    pub errors: Vec<String>,
    /// How often the server was away and the application had to come back.
    pub reconnects: u64,
    /// How often a side refused a change, since the other one takes them (SQLSTATE 25006).
    pub refused: u64,
}

impl Report {
    /// Panics if the application saw an error, or did nothing at all.
    #[track_caller]
    pub fn expect_clean(&self) -> &Report {
        assert!(self.errors.is_empty(), "the application saw errors: {:#?}", self.errors);
        assert!(self.transactions > 0, "the application wrote nothing");
        self
    }
}

/// Another server takes changes: an application connects there.
fn is_elsewhere(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| *code == SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// The server was stopped, killed, or is starting: an application comes back, that is no error of the replication.
fn is_away(error: &postgres::Error, client: &Client) -> bool {
    let away = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    client.is_closed() || error.is_closed() || error.code().is_some_and(|code| away.contains(code))
}
