//! Record of a copy that is under way, as the target has it.

use std::time::Duration;

use pg::{Client, Table};
use pgq::copy::record::{self, CopyRecord};
use pgq::copy::{chunk, read_tick};
use pgq::identity;
use pgq::table::{self, TableInfo};
use tokio::time::sleep;
use tracing::debug;

use crate::Result;
use crate::chunked::source_files::Files;
use crate::error::During;
use crate::rows::columns::Copying;

/// Before a table that is another one is looked at again.
const PAUSE: Duration = Duration::from_millis(200);

/// Records a new copy, in the caller's transaction, which has written the target's table.
pub(crate) async fn insert(client: &Client, queue: &str, info: &TableInfo, run: &CopyRecord) -> Result<()> {
    run.insert(client, queue, &info.name, info.dest()).await.during("keeping how far the copy is")
}

/// Takes a copy over from an earlier attempt; `None` where there is none.
pub(crate) async fn take_over(client: &Client, queue: &str, table: &str) -> Result<Option<CopyRecord>> {
    record::take_over(client, queue, table).await.during("reading how far the copy is")
}

/// Files of the source that the chunks of a copy were read from.
pub(crate) async fn files(client: &Client, queue: &str, table: &str, run: &CopyRecord) -> Result<Files> {
    let later = chunk::files(client, queue, table).await.during("reading the chunks")?;
    Ok(Files::new(&run.source_files, later))
}

/// Forgets a copy, with its chunks and what it has staged.
pub(crate) async fn forget(client: &Client, queue: &str, table: &str) -> Result<()> {
    record::forget(client, queue, table).await.during("forgetting an earlier copy")
}

/// Whether the table is still to be copied, until the end of the transaction: who removes it, or asks for it again,
/// waits for that end. To be asked before anything of the target is dropped.
pub(crate) async fn is_wanted(client: &Client, queue: &str, table: &str) -> Result<bool> {
    Ok(!wanted(client, queue, &[table]).await?.is_empty())
}

/// Those of several tables that are still to be copied, likewise.
pub(crate) async fn wanted(client: &Client, queue: &str, tables: &[&str]) -> Result<Vec<String>> {
    let wanted = table::lock_in_copy(client, queue, tables).await;
    wanted.during("looking whether the copy is still wanted")
}

/// Whether the attempt is still the one that counts, until the caller's transaction ends.
pub(crate) async fn holds(client: &Client, queue: &str, table: &str, attempt: i32) -> Result<bool> {
    record::holds(client, queue, table, attempt).await.during("looking whether the copy goes on")
}

/// Waits a moment where one of these tables of the source, by name and object id, is another one than the node
/// remembers: nothing is to be read of it. Either it goes as it has come, or the worker sees it at its next look, and
/// parks the table.
pub(crate) async fn are_strangers(
    provider: &Client,
    target: &Client,
    queue: &str,
    tables: &[(&str, u32)],
) -> Result<bool> {
    let strangers = identity::strangers(provider, target, queue, tables).await?;
    if strangers.is_empty() {
        return Ok(false);
    }
    debug!(
        queue,
        "other tables have the names of {} on the source: nothing is read of them",
        strangers.join(", ")
    );
    sleep(PAUSE).await;
    Ok(true)
}

/// Keeps, in the transaction `writing` of what was read of the provider, a tick that it makes now.
pub(crate) async fn keep_tick(
    provider: &Client,
    writing: &Client,
    queue: &str,
    tables: &[&str],
    provider_node: &str,
) -> Result<()> {
    if let Some(made) = read_tick::make(provider, queue).await? {
        read_tick::keep(writing, queue, tables, &made, provider_node).await?;
    }
    Ok(())
}

/// A transaction of the source that reads under one snapshot, and what that sees.
pub(crate) async fn snapshot(provider: &mut Client) -> Result<(tokio_postgres::Transaction<'_>, String)> {
    let reading = provider
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .during("beginning the copy's snapshot")?;
    let seen = reading.query_one("select txid_current_snapshot()::text", &[]).await;
    let seen = seen.during("taking the copy's snapshot")?.get(0);
    Ok((reading, seen))
}

/// The columns that are copied, with their types on both sides and the key: a copy whose chunks differ in it would be
/// none.
pub(crate) fn layout(source: &Table, target: &Table, copying: &Copying) -> String {
    let kind = |table: &Table, name: &String| {
        table
            .columns
            .iter()
            .find(|column| column.name == *name)
            .map_or("", |column| &column.formatted)
            .to_owned()
    };
    let columns: Vec<_> = copying
        .columns
        .iter()
        .map(|name| format!("{name:?} {} {}", kind(source, name), kind(target, name)))
        .collect();
    format!("{} key {:?} binary {}", columns.join(", "), source.key, copying.binary)
}
