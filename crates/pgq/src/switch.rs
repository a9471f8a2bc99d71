//! Switches of a queue's root to another node: `londiste_rs.switch` on both sides, and the steps that change it.
//!
//! `sql/londiste_rs/switch.sql` tells the states, and why no two nodes take changes at once.

use std::time::{Duration, SystemTime};

use tokio_postgres::{GenericClient, Row};

use crate::Result;
use crate::advisory;
use crate::call::{row, rows};
use crate::error::Answer;

pub use crate::advisory::Holder;

/// First key of the lock of the one who works on a switch; the queue is the second.
const LOCK: &str = "londiste_rs.switch";

/// How far a node is in a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The root refuses changes.
    Frozen,
    /// Nobody writes to it any more, and its last tick is made.
    Drained,
    /// It is a leaf of the new root, which may not take changes yet.
    Left,
    /// It reads from the new root.
    Settled,
    /// It is the root as before.
    Kept,
    /// The node that becomes the root is ready for it.
    Prepared,
    /// It is the root.
    Taken,
    /// It will not become the root by this switch.
    GivenUp,
}

impl State {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            State::Frozen => "frozen",
            State::Drained => "drained",
            State::Left => "left",
            State::Settled => "settled",
            State::Kept => "kept",
            State::Prepared => "prepared",
            State::Taken => "taken",
            State::GivenUp => "given up",
        }
    }

    pub(crate) fn named(name: &str) -> State {
        match name {
            "frozen" => State::Frozen,
            "drained" => State::Drained,
            "left" => State::Left,
            "settled" => State::Settled,
            "kept" => State::Kept,
            "prepared" => State::Prepared,
            "taken" => State::Taken,
            _ => State::GivenUp,
        }
    }
}

/// The last tick of the root before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTick {
    /// Its number.
    pub tick: i64,
    /// When it was made.
    pub time: SystemTime,
    /// No event before it has a greater number.
    pub event: i64,
}

/// What a node has recorded of a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Name of the switch, the same on both sides.
    pub id: String,
    /// The root before.
    pub from: String,
    /// The root after it.
    pub to: String,
    /// This node is the root before.
    pub gives: bool,
    /// How far it is.
    pub state: State,
    /// Who began it, or went on with it.
    pub who: String,
    /// When it began.
    pub began: SystemTime,
    /// When the state was reached.
    pub changed: SystemTime,
    /// For how long changes have been refused.
    pub frozen_for: Option<Duration>,
    /// The last tick, where it is made.
    pub last: Option<LastTick>,
    /// How far the new root's worker is with materialized views and statistics; `done` behind them.
    pub care: Option<String>,
}

impl Recorded {
    /// Whether its step is one that another follows.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, State::Prepared | State::Frozen | State::Drained | State::Left)
            || self.state == State::Taken && self.care.as_deref().is_some_and(|care| care != "done")
    }
}

/// A transaction that has written to captured tables and has not ended.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Its virtual transaction: it is the same one as long as this is the same.
    pub transaction: String,
    /// Its server process; `None` of a prepared transaction.
    pub pid: Option<i32>,
    /// Prepared transactions of the database, where it is one of them.
    pub prepared: Option<String>,
    /// Its `application_name`.
    pub application: String,
    /// Its role.
    pub role: String,
    /// Since its transaction began.
    pub age: Duration,
    /// Its present or last statement, cut; empty of sessions of other roles.
    pub query: String,
}

/// Takes the lock of a queue's switch until the session ends; false where another session has it.
pub async fn try_lock<C: GenericClient>(client: &C, queue: &str) -> Answer<bool> {
    let sql = "select pg_try_advisory_lock(hashtext($1::text), hashtext($2::text))";
    Ok(client.query_one(sql, &[&LOCK, &queue]).await?.get(0))
}

/// Who has the lock.
pub async fn holder<C: GenericClient>(client: &C, queue: &str) -> Answer<Option<Holder>> {
    advisory::holder(client, LOCK, queue).await
}

/// Whether the connected node keeps switches: it is ours, and not too old.
pub async fn is_known<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select to_regclass('londiste_rs.switch') is not null";
    Ok(row(client, "londiste_rs.switch", sql, &[]).await?.get(0))
}

/// What the connected node has recorded of its last switch.
pub async fn recorded<C: GenericClient>(client: &C, queue: &str) -> Result<Option<Recorded>> {
    let sql = "select *, extract(epoch from clock_timestamp() - frozen)::float8 as frozen_for \
                 from londiste_rs.switch where queue_name = $1";
    Ok(rows(client, "londiste_rs.switch", sql, &[&queue]).await?.first().map(read))
}

fn read(row: &Row) -> Recorded {
    let last = match (row.get("last_tick"), row.get("tick_time"), row.get("last_event")) {
        (Some(tick), Some(time), Some(event)) => Some(LastTick { tick, time, event }),
        _ => None,
    };
    Recorded {
        id: row.get("switch_id"),
        from: row.get("from_node"),
        to: row.get("to_node"),
        gives: row.get::<_, String>("side") == "from",
        state: State::named(row.get("state")),
        who: row.get("who"),
        began: row.get("began"),
        changed: row.get("changed"),
        frozen_for: row.get::<_, Option<f64>>("frozen_for").map(|s| Duration::from_secs_f64(s.max(0.0))),
        last,
        care: row.get("care"),
    }
}

/// Subscribers of the connected root besides `node`.
pub async fn other_subscribers<C: GenericClient>(client: &C, queue: &str, node: &str) -> Result<Vec<String>> {
    let sql = "select londiste_rs.other_subscribers($1, $2)";
    let found = rows(client, "londiste_rs.other_subscribers", sql, &[&queue, &node]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// The root's settings of the queue, for [`prepare`].
pub async fn settings<C: GenericClient>(client: &C, queue: &str) -> Result<String> {
    let sql = "select londiste_rs.switch_settings($1)::text";
    let settings: Option<String> = row(client, "londiste_rs.switch_settings", sql, &[&queue]).await?.get(0);
    Ok(settings.unwrap_or_else(|| "{}".to_owned()))
}

/// The leaf gets its queue, closed, and records the switch.
pub async fn prepare<C: GenericClient>(
    client: &C,
    queue: &str,
    id: &str,
    from: &str,
    who: &str,
    settings: &str,
) -> Result<()> {
    let sql = "select londiste_rs.switch_prepare($1, $2, $3, $4, $5::text::jsonb)";
    row(client, "londiste_rs.switch_prepare", sql, &[&queue, &id, &from, &who, &settings]).await?;
    Ok(())
}

/// The leaf's table gets its capture, which refuses changes as long as the queue is closed. Answers whether anything
/// changed. The caller's transaction sets `lock_timeout`.
pub async fn prepare_table<C: GenericClient>(client: &C, queue: &str, table: &str) -> Result<bool> {
    let sql = "select londiste_rs.switch_capture($1, $2)";
    Ok(row(client, "londiste_rs.switch_capture", sql, &[&queue, &table]).await?.get(0))
}

/// The tables of the queue that stock triggers capture in the connected database.
pub async fn stock_captured<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<String>> {
    let sql = "select londiste_rs.stock_captured($1)";
    let found = rows(client, "londiste_rs.stock_captured", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// The root refuses changes from the caller's commit on, for at most `deadline`.
pub async fn freeze<C: GenericClient>(
    client: &C,
    queue: &str,
    id: &str,
    to: &str,
    who: &str,
    deadline: Duration,
) -> Result<()> {
    let sql = "select londiste_rs.switch_freeze($1, $2, $3, $4, $5 * interval '1 second')";
    let deadline = Some(deadline.as_secs_f64());
    row(client, "londiste_rs.switch_freeze", sql, &[&queue, &id, &to, &who, &deadline]).await?;
    Ok(())
}

/// The relations whose changes are captured, for [`writers`].
pub async fn captured<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<u32>> {
    let sql = "select londiste_rs.captured_relations($1)";
    let found = rows(client, "londiste_rs.captured_relations", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Who writes to these relations, or has come too late to.
pub async fn writers<C: GenericClient>(client: &C, queue: &str, captured: &[u32]) -> Result<Vec<Writer>> {
    let sql = "select * from londiste_rs.switch_writers($1, $2)";
    let found = rows(client, "londiste_rs.switch_writers", sql, &[&queue, &captured.to_vec()]).await?;
    let writer = |row: &Row| Writer {
        transaction: row.get("transaction"),
        pid: row.get("pid"),
        prepared: row.get("prepared"),
        application: row.get("application"),
        role: row.get("role"),
        age: Duration::from_secs_f64(row.get::<_, f64>("age").max(0.0)),
        query: row.get("query"),
    };
    Ok(found.iter().map(writer).collect())
}

/// Ends a server process; false where it has ended already.
pub async fn terminate<C: GenericClient>(client: &C, pid: i32) -> Result<bool> {
    Ok(row(client, "pg_terminate_backend", "select pg_terminate_backend($1)", &[&pid]).await?.get(0))
}

/// The root's last tick; from then on no event comes. The caller's transaction sets `lock_timeout`.
pub async fn drain<C: GenericClient>(client: &C, queue: &str, id: &str) -> Result<LastTick> {
    let sql = "select * from londiste_rs.switch_drain($1, $2)";
    let row = row(client, "londiste_rs.switch_drain", sql, &[&queue, &id]).await?;
    Ok(LastTick { tick: row.get("last_tick"), time: row.get("tick_time"), event: row.get("last_event") })
}

/// The root becomes a leaf of the new one.
pub async fn leave<C: GenericClient>(client: &C, queue: &str, id: &str) -> Result<()> {
    row(client, "londiste_rs.switch_leave", "select londiste_rs.switch_leave($1, $2)", &[&queue, &id])
        .await?;
    Ok(())
}

/// The leaf becomes the root and takes changes; `old_worker` is the worker of the root before.
pub async fn take<C: GenericClient>(
    client: &C,
    queue: &str,
    id: &str,
    last: &LastTick,
    old_worker: &str,
) -> Result<()> {
    let sql = "select londiste_rs.switch_take($1, $2, $3, $4, $5, $6)";
    let parameters: crate::call::Parameters<'_> =
        &[&queue, &id, &last.tick, &last.time, &last.event, &old_worker];
    row(client, "londiste_rs.switch_take", sql, parameters).await?;
    Ok(())
}

/// The root before serves the new one no more.
pub async fn settle<C: GenericClient>(client: &C, queue: &str, id: &str) -> Result<()> {
    row(client, "londiste_rs.switch_settle", "select londiste_rs.switch_settle($1, $2)", &[&queue, &id])
        .await?;
    Ok(())
}

/// The root takes changes again. `given_up`: also where it has left, because the new root never will be. False where
/// there is nothing to take back.
pub async fn keep<C: GenericClient>(client: &C, queue: &str, id: &str, given_up: bool) -> Result<bool> {
    let sql = "select londiste_rs.switch_keep($1, $2, false, $3)";
    Ok(row(client, "londiste_rs.switch_keep", sql, &[&queue, &id, &given_up]).await?.get(0))
}

/// The same of any switch whose deadline has passed.
pub async fn keep_overdue<C: GenericClient>(client: &C, queue: &str) -> Result<bool> {
    let sql = "select londiste_rs.switch_keep($1, null, true, false)";
    Ok(row(client, "londiste_rs.switch_keep", sql, &[&queue]).await?.get(0))
}

/// The leaf will never become the root by this switch. False where it has.
pub async fn give_up<C: GenericClient>(client: &C, queue: &str, id: &str) -> Result<bool> {
    let sql = "select londiste_rs.switch_give_up($1, $2)";
    Ok(row(client, "londiste_rs.switch_give_up", sql, &[&queue, &id]).await?.get(0))
}

/// Has capture functions plan anew with the queue's present event table: to be called once it is open again.
pub async fn open_gate<C: GenericClient>(client: &C, queue: &str) -> Result<()> {
    row(client, "londiste_rs.open_gate", "select londiste_rs.open_gate($1)", &[&queue]).await?;
    Ok(())
}

/// Where a sequence stands on the root that is given away.
#[derive(Clone, Debug)]
pub struct SequencePosition {
    /// Its quoted name.
    pub name: String,
    /// Its last value, and whether it has been given out; `None` where this role may not read it.
    pub stands: Option<(i64, bool)>,
}

/// All sequences of the connected database.
pub async fn sequences<C: GenericClient>(client: &C) -> Result<Vec<SequencePosition>> {
    let sql = "select seq_name, last_value, is_called from londiste_rs.sequence_positions()";
    let found = rows(client, "londiste_rs.sequence_positions", sql, &[]).await?;
    let position = |row: &Row| SequencePosition {
        name: row.get("seq_name"),
        stands: row.get::<_, Option<i64>>("last_value").zip(row.get("is_called")),
    };
    Ok(found.iter().map(position).collect())
}

/// Sets the connected database's sequences to where the others stand; one that is ahead stays. Answers those whose next
/// value would not lie past it, and why.
pub async fn follow_sequences<C: GenericClient>(
    client: &C,
    positions: &[SequencePosition],
) -> Result<Vec<(String, String)>> {
    let stand = |position: &SequencePosition| {
        position.stands.map(|(value, called)| (position.name.clone(), value, called))
    };
    let (mut names, mut values, mut called) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value, was_called) in positions.iter().filter_map(stand) {
        names.push(name);
        values.push(value.to_string());
        called.push(was_called.to_string());
    }
    let sql = "select seq_name, trouble \
                 from londiste_rs.sequences_follow($1, $2::text[]::bigint[], $3::text[]::boolean[])";
    let found = rows(client, "londiste_rs.sequences_follow", sql, &[&names, &values, &called]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Whether the connected database's queue can be closed and opened: `pgq` is ours, and this role's.
pub async fn is_supported<C: GenericClient>(client: &C) -> Result<bool> {
    Ok(row(client, "londiste_rs.has_gates", "select londiste_rs.has_gates()", &[]).await?.get(0))
}

/// What the new root still needs behind its switch: object and statement, in their order.
pub async fn care<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select object, statement from londiste_rs.switch_care($1)";
    let found = rows(client, "londiste_rs.switch_care", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Tells how far that is; `done` where nothing is left.
pub async fn cared<C: GenericClient>(client: &C, queue: &str, progress: &str) -> Result<()> {
    let sql = "select londiste_rs.switch_cared($1, $2)";
    row(client, "londiste_rs.switch_cared", sql, &[&queue, &progress]).await?;
    Ok(())
}
