//! Poolers that lend one server process to many sessions.

use crate::{ConnectString, Error, Result, Session};

/// Two sessions that are open at once cannot share a server process, unless a pooler in transaction mode stands
/// between: it lends the process to whoever runs a statement. Answers the server's version.
///
/// # Errors
/// Such a pooler is there; or as [`Session::connect`].
pub async fn refuse_transaction_pooler(at: &ConnectString, application: &str) -> Result<u32> {
    let one = Session::open(at, application).await?;
    let two = Session::open(at, application).await?;
    if one.backend_pid() == two.backend_pid() {
        return Err(Error::TransactionPooler(at.to_string()));
    }
    Ok(one.server_version())
}
