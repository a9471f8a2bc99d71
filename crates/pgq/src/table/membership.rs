//! Membership of tables in a queue: adding and removing them.

use std::time::Duration;

use tokio_postgres::GenericClient;

use super::capture::Capture;
use crate::Result;
use crate::call::{coded, row};

/// Options of [`add`].
#[derive(Clone, Debug, Default)]
pub struct AddOptions {
    /// The table on this node, where it has another name.
    pub dest_table: Option<String>,
    /// The rows are there already: no copy.
    pub expect_sync: bool,
    /// The copy keeps the rows that are there.
    pub skip_truncate: bool,
    /// No guard against local writes on a leaf.
    pub no_triggers: bool,
    /// Root: which triggers write its events.
    pub capture: Capture,
    /// Root: letters that choose the stock triggers (see `londiste.create_trigger`); any make it [`Capture::Stock`] for
    /// this table.
    pub trigger_flags: Option<String>,
    /// Root: arguments of the stock triggers, as above.
    pub trigger_args: Vec<String>,
}

/// Takes a table into replication on this node; answers the note.
pub async fn add<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    options: &AddOptions,
) -> Result<String> {
    let mut words = Vec::new();
    for (set, word) in [
        (options.expect_sync, "expect_sync"),
        (options.skip_truncate, "skip_truncate"),
        (options.no_triggers, "no_triggers"),
        (options.capture == Capture::Stock, "stock_capture"),
    ] {
        if set {
            words.push(word.to_owned());
        }
    }
    words.extend(options.trigger_flags.iter().map(|flags| format!("tgflags={flags}")));
    words.extend(options.trigger_args.iter().map(|argument| format!("trigger_arg={argument}")));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let sql = "select * from londiste_rs.add_table($1, $2, $3, $4)";
    let row =
        coded(client, "londiste_rs.add_table", sql, &[&queue, &name, &options.dest_table, &words]).await?;
    Ok(row.get("ret_note"))
}

/// The channel on which a node's worker hears, in its own database, that something waits for it: tables, a command. A
/// hint: it looks now and then as well.
pub const TABLES: &str = "londiste_rs_tables";

/// Tells the node's worker that tables are waiting for it, when the caller's transaction commits.
pub async fn tell_worker<C: GenericClient>(client: &C, queue: &str) -> Result<()> {
    row(client, "pg_notify", "select pg_notify($1, $2)", &[&TABLES, &queue]).await?;
    Ok(())
}

/// Takes a table out of replication on this node; answers the note.
pub async fn remove<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<String> {
    let sql = "select * from londiste_rs.remove_table($1, $2)";
    Ok(coded(client, "londiste_rs.remove_table", sql, &[&queue, &name]).await?.get("ret_note"))
}

/// Subscriber: learns of a table that the root has added.
pub async fn learn<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    coded(
        client,
        "londiste.global_add_table",
        "select * from londiste.global_add_table($1, $2)",
        &[&queue, &name],
    )
    .await?;
    Ok(())
}

/// Subscriber: forgets a table that the root has removed.
pub async fn forget<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "select * from londiste.global_remove_table($1, $2)";
    coded(client, "londiste.global_remove_table", sql, &[&queue, &name]).await?;
    Ok(())
}

/// Whether the node's database can hold a name of the queue: its encoding has all of its characters.
pub async fn can_hold<C: GenericClient>(client: &C, name: &str) -> Result<bool> {
    if name.is_ascii() {
        return Ok(true);
    }
    let name = pg::raw::bytes(name).into_owned();
    let sql = "select londiste_rs.is_storable($1)";
    Ok(row(client, "londiste_rs.is_storable", sql, &[&name]).await?.get(0))
}

/// How long a change of a root's table waits for its lock in one try: the application waits behind it. Longer than
/// `deadlock_timeout` (1 second), after which the server ends an autovacuum that is in the way, but not one to prevent
/// wraparound. A `lock_timeout` of zero is none.
pub fn wait_on_root(lock_timeout: Duration) -> Duration {
    const LONGEST: Duration = Duration::from_secs(2);
    if lock_timeout.is_zero() { LONGEST } else { lock_timeout.min(LONGEST) }
}
