//! Notices and warnings of the server.

use tokio_postgres::error::{DbError, Severity, SqlState};

/// Passes a server's notice on to the log.
pub(crate) fn log(notice: &DbError) {
    let code = notice.code().code();
    match notice.parsed_severity() {
        // What the pool's clean-up says when there was nothing to clean.
        Some(Severity::Warning) if *notice.code() != SqlState::NO_ACTIVE_SQL_TRANSACTION => {
            tracing::warn!(target: "pg::notice", code, detail = notice.detail(), "{}", notice.message());
        }
        Some(Severity::Notice | Severity::Info) => {
            tracing::info!(target: "pg::notice", code, detail = notice.detail(), "{}", notice.message());
        }
        _ => tracing::debug!(target: "pg::notice", code, detail = notice.detail(), "{}", notice.message()),
    }
}
