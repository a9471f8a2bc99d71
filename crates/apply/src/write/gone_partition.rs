//! Rows of the target that a partition of the source's table has held, which has gone there.

use tokio_postgres::Client;

use crate::target::partition_bounds::levels;
use crate::target::survey;
use crate::target::table::Plan;
use crate::write::partition_rows::{Refusal, condition};
use crate::{Error, Result};

/// Whether a table of the target (`schema.table`) has rows that a partition of the source's table has held, described
/// as by `londiste_rs.partition_bounds`; within the answer, an error in words where that cannot be told here. To be
/// called in a transaction of a session that [is pinned](crate::pin_session).
///
/// # Errors
/// [`Error::Server`].
pub async fn has_rows_of(
    client: &Client,
    table: &str,
    bounds: &str,
) -> Result<std::result::Result<bool, String>> {
    let failed = || Error::server(format!("looking in table {table} for the rows of a partition"));
    let levels = match levels(bounds) {
        Ok(levels) => levels,
        Err(reason) => return Ok(Err(reason)),
    };
    let statement = survey::prepare(client).await?;
    let entry = survey::run(client, &statement, &[table]).await?.into_iter().next().flatten();
    let wanted = entry.map(|entry| vec![(table.to_owned(), entry)]).unwrap_or_default();
    let Some(plan) = Plan::load(client, wanted).await?.into_iter().next().flatten() else {
        return Ok(Err(format!("table {table} is not there")));
    };
    let condition = match condition(client, &plan, &levels).await {
        Ok(condition) => condition,
        Err(Refusal::Unlike(reason)) => return Ok(Err(reason)),
        Err(Refusal::Server(error)) => return Err(failed()(error)),
    };
    let found = condition.finds(client, &plan).await.map_err(failed())?;
    condition.clear(client).await.map_err(failed())?;
    Ok(Ok(found))
}
