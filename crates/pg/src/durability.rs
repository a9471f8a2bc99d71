//! Commits that a crash of the server cannot take back.
//!
//! A position that is finished at the provider, a tick that a consumer has read, a copy's record: other servers rely on
//! them. So no session of ours commits with `synchronous_commit = off`, whatever server, database, role or connect
//! string say. Every other value is kept: whether commits also wait for standbys (`on`, `remote_write`, `remote_apply`)
//! or not (`local`) is the operator's choice.

use tokio_postgres::Client;

/// The statement that fixes a session's setting: `off` becomes `local`. It also holds against a reload of the server's
/// configuration. To be given again after a `reset all`.
pub(crate) const SESSION: &str = "select pg_catalog.set_config('synchronous_commit', \
                                 case s.v when 'off' then 'local' else s.v end, false) \
      from (select pg_catalog.current_setting('synchronous_commit')) s(v)";

const COMMIT: &str = "select pg_catalog.set_config('synchronous_commit', 'local', true) \
     where pg_catalog.current_setting('synchronous_commit') = 'off'; commit";

/// Commits a transaction in which statements of others have run (triggers, scripts), which may have switched the
/// setting off.
///
/// # Errors
/// As of any `commit`.
pub async fn commit(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(COMMIT).await
}

/// Makes everything durable that this server has committed so far, also without waiting for it: a row that a snapshot
/// has seen survives a crash from now on. For the time between two transactions of the session.
///
/// # Errors
/// The server's.
pub async fn secure(client: &Client) -> Result<(), tokio_postgres::Error> {
    // the write-ahead log is one sequence: a commit that waits for its own record waits for all records before it
    client.batch_execute("select pg_catalog.pg_logical_emit_message(true, 'londiste_rs', '')").await
}
