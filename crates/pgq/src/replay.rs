//! Replay: what a transaction sets before it writes replicated rows.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::row;
use crate::error::Answer;

/// Whether this role may keep triggers and foreign keys quiet by `session_replication_role`.
pub async fn may_bypass_triggers<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select londiste_rs.may_bypass_triggers()";
    Ok(row(client, "trying session_replication_role", sql, &[]).await?.get(0))
}

/// Makes the current transaction one of replay: the guards of replicated tables let it pass, and where it is permitted
/// no trigger and no foreign key fires.
pub async fn enter<C: GenericClient>(client: &C, bypass_triggers: bool) -> Result<()> {
    let sql = if bypass_triggers {
        "select set_config('londiste_rs.replay', 'on', true), londiste.set_session_replication_role('replica', true)"
    } else {
        "select set_config('londiste_rs.replay', 'on', true)"
    };
    row(client, "entering replay", sql, &[]).await?;
    Ok(())
}

/// Sets `session_replication_role` for the current transaction.
pub async fn set_role<C: GenericClient>(client: &C, role: &str) -> Answer<()> {
    client.query("select londiste.set_session_replication_role($1, true)", &[&role]).await?;
    Ok(())
}
