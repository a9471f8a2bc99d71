//! Capture of a root's tables: by which triggers, whether it is sound, and how it is mended.

use std::collections::HashSet;

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{row, rows};
use crate::error::Answer;

/// How the root captures the changes of its tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capture {
    /// By triggers generated for each table: any table, for subscribers of this project only.
    #[default]
    Generated,
    /// By the stock triggers `pgq.logutriga` and `pgq.sqltriga`: tables with a primary key, for any subscriber.
    Stock,
}

impl Capture {
    /// Its word in ini files and in the SQL API.
    pub fn as_str(self) -> &'static str {
        match self {
            Capture::Generated => "generated",
            Capture::Stock => "stock",
        }
    }
}

impl std::str::FromStr for Capture {
    type Err = &'static str;

    fn from_str(name: &str) -> std::result::Result<Capture, &'static str> {
        match name.trim().to_lowercase().as_str() {
            "generated" => Ok(Capture::Generated),
            "stock" => Ok(Capture::Stock),
            _ => Err("expected generated or stock"),
        }
    }
}

/// Captured tables in which nothing has changed since [`check_capture`] had nothing to say of them.
pub async fn sound_captures<C: GenericClient>(client: &C, queue: &str) -> Result<HashSet<String>> {
    let sql = "select table_name from londiste_rs.sound_captures($1)";
    let found = rows(client, "londiste_rs.sound_captures", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Root: tables whose definition has changed since their capture was written, or the setting whether updates that
/// change nothing are captured.
pub async fn stale_captures<C: GenericClient>(
    client: &C,
    queue: &str,
    unchanged: bool,
) -> Result<Vec<String>> {
    let sql = "select londiste_rs.set_captures_unchanged($1, $2)";
    row(client, "londiste_rs.set_captures_unchanged", sql, &[&queue, &unchanged]).await?;
    row(client, "londiste_rs.open_gate", "select londiste_rs.open_gate($1)", &[&queue]).await?;
    let sql = "select table_name from londiste_rs.stale_captures($1)";
    let stale = rows(client, "londiste_rs.stale_captures", sql, &[&queue]).await?;
    Ok(stale.iter().map(|table| table.get(0)).collect())
}

/// Root: brings the capture of a table up to date, if it has one still. Where a trigger is missing, it waits for the
/// table's lock as long as `lock_timeout` says.
pub async fn refresh_capture<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "select londiste_rs.refresh_capture($1, $2)";
    row(client, "londiste_rs.refresh_capture", sql, &[&queue, &name]).await?;
    Ok(())
}

/// Root: what is wrong with the capture of a table; empty where nothing is. `capture` tells what is expected where
/// there is none.
pub async fn check_capture<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    capture: Capture,
) -> Result<Vec<String>> {
    let sql = "select problem from londiste_rs.check_capture($1, $2, $3)";
    let found = rows(client, "londiste_rs.check_capture", sql, &[&queue, &name, &capture.as_str()]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Root: puts right what [`check_capture`] finds. It waits for the table's lock as long as `lock_timeout` says.
pub async fn repair_capture<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    capture: Capture,
) -> Result<()> {
    let sql = "select londiste_rs.repair_capture($1, $2, $3)";
    row(client, "londiste_rs.repair_capture", sql, &[&queue, &name, &capture.as_str()]).await?;
    Ok(())
}

/// Whether the events of a captured table hold all columns of a row; false where the provider's version cannot tell.
pub async fn is_whole<C: GenericClient>(provider: &C, queue: &str, name: &str) -> Answer<bool> {
    let ours = "select pg_catalog.to_regprocedure('londiste_rs.capture_is_whole(text,text)') is not null";
    let sql = "select londiste_rs.capture_is_whole($1, $2)";
    Ok(provider.query_one(ours, &[]).await?.get(0) && provider.query_one(sql, &[&queue, &name]).await?.get(0))
}
