//! Replicated tables: `londiste.table_info`, and what `londiste_rs` adds.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use tokio_postgres::{GenericClient, Row};

pub use crate::parking::{NOT_SERVED, OTHER_TABLE, Parked, Parking, is_own_cause, park, parked, resume};

use crate::Result;
use crate::call::{all_coded, coded, message, row, rows};

/// How far a table has come: `merge_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeState {
    /// Registered, waits for a copy slot (SQL NULL).
    Waiting,
    /// The copy reads the provider's rows.
    InCopy,
    /// The copy replays what its snapshot did not see.
    CatchingUp,
    /// The copy has the batch ending at this tick in hand, not applied, and waits for the worker to have it too.
    WannaSync(i64),
    /// The worker has the batch ending at this tick in hand, not applied, and waits for the copy to have it too.
    DoSync(i64),
    /// The worker applies the table's events.
    Ok,
}

impl MergeState {
    /// Reads the column's value.
    pub fn parse(state: Option<&str>) -> Option<MergeState> {
        let Some(state) = state else { return Some(MergeState::Waiting) };
        match state.split_once(':') {
            Some(("wanna-sync", tick)) => tick.parse().ok().map(MergeState::WannaSync),
            Some(("do-sync", tick)) => tick.parse().ok().map(MergeState::DoSync),
            Some(_) => None,
            None => match state {
                "in-copy" => Some(MergeState::InCopy),
                "catching-up" => Some(MergeState::CatchingUp),
                "ok" => Some(MergeState::Ok),
                _ => None,
            },
        }
    }

    /// A copy owns the table's rows in this state.
    pub fn is_copying(self) -> bool {
        !matches!(self, MergeState::Waiting | MergeState::Ok)
    }

    /// The column's value.
    pub fn to_column(self) -> Option<String> {
        (self != MergeState::Waiting).then(|| self.to_string())
    }
}

impl fmt::Display for MergeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MergeState::Waiting => f.write_str("None"),
            MergeState::InCopy => f.write_str("in-copy"),
            MergeState::CatchingUp => f.write_str("catching-up"),
            MergeState::WannaSync(tick) => write!(f, "wanna-sync:{tick}"),
            MergeState::DoSync(tick) => write!(f, "do-sync:{tick}"),
            MergeState::Ok => f.write_str("ok"),
        }
    }
}

/// A table of a node's queue.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// `schema.table`, unquoted, as events name it.
    pub name: String,
    /// It is replicated on this node.
    pub local: bool,
    /// How far it has come.
    pub state: MergeState,
    /// Snapshot of its copy (`txid_snapshot` text): events that it contains are in the table already.
    pub snapshot: Option<String>,
    /// Attributes, urlencoded.
    pub attrs: Option<String>,
    /// The table on this node, where it has another name.
    pub dest_table: Option<String>,
    /// What a copy of the stock worker has dropped and not made again: statements that bring it back.
    pub dropped_ddl: Option<String>,
}

impl TableInfo {
    /// The table on this node.
    pub fn dest(&self) -> &str {
        self.dest_table.as_deref().unwrap_or(&self.name)
    }

    /// Whether an attribute is set to a true value.
    pub fn has_attr(&self, name: &str) -> bool {
        self.attrs
            .as_deref()
            .is_some_and(|attrs| attrs.split('&').any(|pair| pair.split_once('=') == Some((name, "1"))))
    }

    fn from_row(row: &Row) -> Option<TableInfo> {
        Some(TableInfo {
            name: row.get("table_name"),
            local: row.get("local"),
            state: MergeState::parse(row.get("merge_state"))?,
            snapshot: row.get("custom_snapshot"),
            attrs: row.get("table_attrs"),
            dest_table: row.get("dest_table"),
            dropped_ddl: row.get("dropped_ddl"),
        })
    }
}

/// Tables known on the connected node. One whose state this version cannot read is left out with a warning.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<TableInfo>> {
    // londiste.get_table_list looks for copies of the same table from other queues besides, table by table
    let sql = "select table_name, local, merge_state, custom_snapshot, table_attrs, dest_table, dropped_ddl \
                 from londiste.table_info where queue_name = $1 order by nr";
    let rows = rows(client, "londiste.table_info", sql, &[&queue]).await?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            let info = TableInfo::from_row(row);
            if info.is_none() {
                let (table, state) =
                    (row.get::<_, String>("table_name"), row.get::<_, Option<String>>("merge_state"));
                tracing::warn!(queue, table, ?state, "unknown merge_state: the table is left alone");
            }
            info
        })
        .collect())
}

/// One table; `None` when the queue does not know it here.
pub async fn get<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<Option<TableInfo>> {
    Ok(several(client, queue, &[name]).await?.pop())
}

/// Those of the tables that the queue knows here.
pub async fn several<C: GenericClient>(client: &C, queue: &str, names: &[&str]) -> Result<Vec<TableInfo>> {
    let sql = "select table_name, local, merge_state, custom_snapshot, table_attrs, dest_table, dropped_ddl \
                 from londiste.table_info where queue_name = $1 and table_name = any ($2) order by nr";
    let rows = rows(client, "londiste.table_info", sql, &[&queue, &names]).await?;
    Ok(rows.iter().filter_map(TableInfo::from_row).collect())
}

/// Moves a table on. `Ok` and `Waiting` forget the copy's snapshot unless one is given.
pub async fn set_state<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    state: MergeState,
    snapshot: Option<&str>,
) -> Result<()> {
    set_states(client, queue, &[name], state, snapshot).await
}

/// The same for several tables.
pub async fn set_states<C: GenericClient>(
    client: &C,
    queue: &str,
    names: &[&str],
    state: MergeState,
    snapshot: Option<&str>,
) -> Result<()> {
    let sql =
        "select r.* from unnest($2) t cross join lateral londiste.local_set_table_state($1, t, $3, $4) r";
    let parameters: crate::call::Parameters<'_> = &[&queue, &names, &snapshot, &state.to_column()];
    all_coded(client, "londiste.local_set_table_state", sql, parameters).await
}

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

/// Forgets what the stock worker's copy had dropped: it is there again.
pub async fn clear_dropped_ddl<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "select * from londiste.local_set_table_struct($1, $2, null)";
    coded(client, "londiste.local_set_table_struct", sql, &[&queue, &name]).await?;
    Ok(())
}

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
    /// Root: letters that choose the stock triggers (see `londiste.create_trigger`); any make it [`Capture::Stock`] for this table.
    pub trigger_flags: Option<String>,
    /// Root: arguments of the stock triggers, as above.
    pub trigger_args: Vec<String>,
}

/// Captured tables in which nothing has changed since [`check_capture`] had nothing to say of them.
pub async fn sound_captures<C: GenericClient>(client: &C, queue: &str) -> Result<HashSet<String>> {
    let sql = "select table_name from londiste_rs.sound_captures($1)";
    let found = rows(client, "londiste_rs.sound_captures", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// A table with the columns by which its events tell rows.
#[derive(Clone, Debug)]
pub struct CapturedKey {
    /// The table.
    pub table: String,
    /// The columns, none where the whole row tells.
    pub key: Vec<String>,
}

/// The keys of captured tables of the root that is connected; none of a root whose tables the stock triggers capture.
pub async fn captured_keys<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<CapturedKey>> {
    let ours = "select to_regprocedure('londiste_rs.captured_keys(text)') is not null";
    if !row(client, "looking for londiste_rs.captured_keys", ours, &[]).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let sql = "select table_name, key from londiste_rs.captured_keys($1) where key <> '{}'";
    let found = rows(client, "londiste_rs.captured_keys", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| CapturedKey { table: row.get(0), key: row.get(1) }).collect())
}

/// What is to be said of keys of tables of the connected node that are not primary keys there, with the tables' names.
pub async fn key_remarks<C: GenericClient>(
    client: &C,
    keys: &[CapturedKey],
) -> Result<Vec<(String, String)>> {
    let columns =
        keys.iter().flat_map(|key| key.key.iter().map(|column| (key.table.as_str(), column.as_str())));
    let (names, columns): (Vec<&str>, Vec<&str>) = columns.unzip();
    let sql = "select t.name, r.remark \
                 from (select name, array_agg(part order by place) as key \
                         from unnest($1::text[], $2::text[]) with ordinality as u (name, part, place) group by name) t \
                cross join lateral (select londiste_rs.key_remark(londiste_rs.find_relation(t.name), t.key) as remark) r \
                where r.remark is not null order by 1";
    let found = rows(client, "londiste_rs.key_remark", sql, &[&names, &columns]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
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

/// The channel on which a node's worker hears, in its own database, that tables are waiting for it. A hint: it looks now and then as well.
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

/// Stores why a table's copy does not go on, while the table is in the hands of a copy: what an attempt has to say after the hand-over, or
/// after the table was removed or asked for again, is dropped. What is said of a parked table is left as it is.
pub async fn set_error<C: GenericClient>(client: &C, queue: &str, name: &str, error: &str) -> Result<()> {
    let sql = "select londiste_rs.keep_copy_error($1, $2, londiste_rs.storable($3))";
    row(client, "londiste_rs.keep_copy_error", sql, &[&queue, &name, &message(error)]).await?;
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

/// Forgets why tables did not go on: they do.
pub async fn clear_errors<C: GenericClient>(client: &C, queue: &str, names: &[&str]) -> Result<()> {
    let sql = "delete from londiste_rs.table_error where queue_name = $1 and table_name = any ($2)";
    rows(client, "londiste_rs.table_error", sql, &[&queue, &names]).await?;
    Ok(())
}

/// Root: tables whose definition has changed since their capture was written, or the setting whether updates that change nothing are
/// captured.
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

/// Root: brings the capture of a table up to date, if it has one still. Where a trigger is missing, it waits for the table's lock as long as `lock_timeout` says.
pub async fn refresh_capture<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "select londiste_rs.refresh_capture($1, $2)";
    row(client, "londiste_rs.refresh_capture", sql, &[&queue, &name]).await?;
    Ok(())
}

/// How long a change of a root's table waits for its lock in one try: the application waits behind it. Longer than `deadlock_timeout`
/// (1 second), after which the server ends an autovacuum that is in the way, but not one to prevent wraparound. A `lock_timeout` of zero is none.
pub fn wait_on_root(lock_timeout: Duration) -> Duration {
    const LONGEST: Duration = Duration::from_secs(2);
    if lock_timeout.is_zero() { LONGEST } else { lock_timeout.min(LONGEST) }
}

/// Root: what is wrong with the capture of a table; empty where nothing is. `capture` tells what is expected where there is none.
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

/// Root: partitions of captured tables that came with rows in them, or went, since the last call: table, partition, what happened. The
/// subscribers are told by events.
pub async fn notice_partitions<C: GenericClient>(
    client: &C,
    queue: &str,
) -> Result<Vec<(String, String, String)>> {
    let sql = "select table_name, part_name, notice from londiste_rs.notice_partitions($1)";
    let noticed = rows(client, "londiste_rs.notice_partitions", sql, &[&queue]).await?;
    Ok(noticed.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// Subscriber: keeps what the root has told of a partition; false where it does not matter here.
pub async fn keep_partition_notice<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    partition: &str,
    notice: &str,
) -> Result<bool> {
    let sql = "select londiste_rs.keep_partition_notice($1, $2, $3, $4)";
    let what = "londiste_rs.keep_partition_notice";
    Ok(row(client, what, sql, &[&queue, &name, &partition, &notice]).await?.get(0))
}

/// Subscriber: the table is copied again, what was told of its partitions matters no more.
pub async fn forget_partition_notices<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "delete from londiste_rs.partition_notice where queue_name = $1 and table_name = $2";
    let failed = crate::call::failed("londiste_rs.partition_notice");
    client.execute(sql, &[&queue, &name]).await.map_err(failed)?;
    Ok(())
}
