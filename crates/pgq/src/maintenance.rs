//! Maintenance by a ticker: ticks, retries, and the upkeep that the database asks for.

use std::time::Duration;

use pg::{Ask, Client, Result};
use tokio_postgres::types::Type;

/// One row of `pgq.maint_operations()`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Call a function, and again while it returns more than 0.
    Call {
        /// Its name, with schema, unquoted.
        function: String,
        /// Its argument; without one it is called without.
        argument: Option<String>,
    },
    /// VACUUM a table.
    Vacuum {
        /// Its name, with schema, unquoted.
        table: String,
        /// ANALYZE as well.
        analyze: bool,
    },
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Operation::Call { function, argument: None } => write!(f, "{function}()"),
            Operation::Call { function, argument: Some(argument) } => write!(f, "{function}({argument})"),
            Operation::Vacuum { table, analyze: false } => write!(f, "vacuum {table}"),
            Operation::Vacuum { table, analyze: true } => write!(f, "vacuum analyze {table}"),
        }
    }
}

/// Whether schema `pgq` with a ticker in it is installed in this database, and which version. One that is just being
/// installed statement by statement is not there yet.
///
/// # Errors
/// The connection broke.
pub async fn version(client: &Client) -> Result<Option<String>> {
    let there = "select bool_and(to_regprocedure(f) is not null) from unnest(array['pgq.version()', 'pgq.ticker()', \
                 'pgq.maint_retry_events()', 'pgq.maint_operations()']) f";
    if !client.query_one(there, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    Ok(Some(client.query_one("select pgq.version()", &[]).await?.try_get(0)?))
}

/// Makes the ticks that are due. Returns the number of queues that got one; the function says NULL where none did.
///
/// # Errors
/// What the server says, such as a missing right to call it.
pub async fn tick(client: &Client) -> Result<i64> {
    let row = client.query_typed_one("select pgq.ticker()", &[]).await?;
    Ok(row.try_get::<_, Option<i64>>(0)?.unwrap_or(0))
}

/// The channel that [`tick_aloud`] notifies and consumers in other processes may listen to. Whoever hears it looks for
/// a batch, and looks now and then without having heard any.
pub const TICKS: &str = "londiste_rs_tick";

/// What a notification says of a tick that somebody has asked for; those of the ticker say nothing. It is no sign that
/// the next tick will be announced.
pub const ASKED_FOR: &str = "asked for";

/// As [`tick`], and tells listeners of [`TICKS`] when there were ticks, in the transaction of the ticks.
///
/// # Errors
/// As [`tick`]; also where the server cannot take the notification ([`pg::SqlState::PROGRAM_LIMIT_EXCEEDED`]): then
/// there was no tick.
pub async fn tick_aloud<C: Ask>(client: &C) -> Result<i64> {
    let sql = "select n, case when n > 0 then pg_notify($1, '')::text end from pgq.ticker() n";
    let rows = client.ask(sql, &[(&TICKS, Type::TEXT)]).await?;
    let ticks = rows.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?;
    Ok(ticks.flatten().unwrap_or(0))
}

/// How often [`wait_for_events`] looks, in seconds.
const LOOK: f64 = 0.2;

/// The function, as it stands in the texts of statements.
pub const WAITING: &str = "londiste_rs.wait_for_events(";

/// Waits in one statement of the server until a queue has events behind its last tick, for so long at most. Whether one
/// has.
///
/// # Errors
/// What the server says: a database that is ticked may lack schema `londiste_rs`, or the right to use it.
pub async fn wait_for_events(client: &Client, longest: Duration) -> Result<bool> {
    let sql = "select londiste_rs.wait_for_events(make_interval(secs => $1), make_interval(secs => $2))";
    let row =
        client.query_typed_one(sql, &[(&longest.as_secs_f64(), Type::FLOAT8), (&LOOK, Type::FLOAT8)]).await?;
    Ok(row.try_get(0)?)
}

/// Puts events whose time of retry has come back into their queues, a bunch at a time. Returns how many; 0 when
/// none is left.
///
/// # Errors
/// What the server says.
pub async fn retry_events(client: &Client) -> Result<i32> {
    let row = client.query_one("select pgq.maint_retry_events()", &[]).await?;
    Ok(row.try_get::<_, Option<i32>>(0)?.unwrap_or(0))
}

/// What the database wants done, in its order.
///
/// # Errors
/// What the server says.
pub async fn operations(client: &Client) -> Result<Vec<Operation>> {
    let rows = client.query("select func_name, func_arg from pgq.maint_operations()", &[]).await?;
    let mut operations = Vec::with_capacity(rows.len());
    for row in rows {
        let (function, argument): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        let analyze = match function.trim().to_lowercase().as_str() {
            "vacuum" => Some(false),
            "vacuum analyze" => Some(true),
            _ => None,
        };
        operations.push(match (analyze, argument) {
            (Some(analyze), Some(table)) => Operation::Vacuum { table, analyze },
            (_, argument) => Operation::Call { function, argument },
        });
    }
    Ok(operations)
}

/// Does one step of `operation`. Returns whether there is more of it to do.
///
/// # Errors
/// What the server says; the next operation is none the worse for it.
pub async fn run(client: &Client, operation: &Operation) -> Result<bool> {
    match operation {
        Operation::Vacuum { table, analyze } => {
            let verb = if *analyze { "vacuum analyze" } else { "vacuum" };
            let table = quoted(client, table).await?;
            client.batch_execute(&format!("{verb} {table}")).await?;
            Ok(false)
        }
        Operation::Call { function, argument } => {
            let function = quoted(client, function).await?;
            // A function may return any kind of number, or nothing.
            let row = match argument {
                Some(argument) => {
                    client.query_one(&format!("select {function}($1::text)::text"), &[argument]).await?
                }
                None => client.query_one(&format!("select {function}()::text"), &[]).await?,
            };
            let answer: Option<String> = row.try_get(0)?;
            Ok(answer.and_then(|answer| answer.parse::<f64>().ok()).is_some_and(|more| more > 0.0))
        }
    }
}

/// `schema.name` with each part quoted where it must be, as the queue's own functions read such names.
async fn quoted(client: &Client, name: &str) -> Result<String> {
    Ok(client.query_one("select pgq.quote_fqname($1)", &[&name]).await?.try_get(0)?)
}
