//! Captured tables of a root that are not there under their names any more, or are others.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::rows;

/// What has become of such tables since the last call: table, what happened. The subscribers are told by events, and
/// tables that have come under the names are captured.
pub async fn notice<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select table_name, notice from londiste_rs.notice_renames($1)";
    let noticed = rows(client, "londiste_rs.notice_renames", sql, &[&queue]).await?;
    Ok(noticed.iter().map(|row| (row.get(0), row.get(1))).collect())
}
