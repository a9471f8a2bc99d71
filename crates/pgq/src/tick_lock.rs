//! Locks of a database's ticker. One says who makes the ticks; a second one that a `pgqd` is there, at work or standing
//! by, to which a stand-in gives way. Stock `pgqd` takes neither.

use std::time::Duration;

use pg::{Client, Result};
use tokio_postgres::GenericClient;

use crate::advisory;
use crate::error::Answer;

pub use crate::advisory::Holder;

pub(crate) const CLASS: &str = "londiste_rs.ticker";
/// Who makes the ticks.
const TICKS: &str = "ticks";
/// Held in shared mode by every `pgqd`, and by nobody else for longer than a statement.
pub(crate) const PGQD: &str = "pgqd";

/// Makes the session the one that ticks the connected database, until it ends; false where another session does.
pub async fn try_take(client: &Client) -> Result<bool> {
    Ok(advisory::try_take(client, CLASS, TICKS).await?)
}

/// Lets another session tick the database.
pub async fn release(client: &Client) -> Result<()> {
    Ok(advisory::release(client, CLASS, TICKS).await?)
}

/// Whose session ticks the database.
pub async fn holder(client: &Client) -> Result<Option<Holder>> {
    Ok(advisory::holder(client, CLASS, TICKS).await?)
}

/// Ends the session that ticks the database when its client has stood still for `idle`.
pub async fn end_idle_holder(client: &Client, idle: Duration) -> Result<Option<Holder>> {
    Ok(advisory::end_idle_holder(client, CLASS, TICKS, idle).await?)
}

/// Says, until the session ends, that a `pgqd` is there.
pub async fn announce_pgqd(client: &Client) -> Result<()> {
    let sql = "select pg_advisory_lock_shared(hashtext($1::text), hashtext($2::text))";
    client.query_one(sql, &[&CLASS, &PGQD]).await?;
    Ok(())
}

/// Whether a `pgqd` is there, for certain: another session that tries the lock looks like one for an instant.
pub(crate) async fn has_pgqd<C: GenericClient>(client: &C) -> Answer<bool> {
    advisory::is_shared(client, CLASS, PGQD).await
}
