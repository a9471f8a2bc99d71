//! The plan run on the target, statement by statement.

use pg::{Client, SqlState};
use pgq::own_form::OwnForm;

use super::plan::Statement;

/// A statement that the target refused.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The statement.
    pub statement: Statement,
    /// What the server said.
    pub why: String,
}

/// What became of a plan.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Statements that were run; those that only repeat what is there are among them.
    pub done: usize,
    /// Statements whose object was there already.
    pub there: usize,
    /// Statements that the target refused.
    pub failed: Vec<Failed>,
}

/// What `pg_dump`'s statements rely on.
const SETTINGS: &str = "set default_transaction_read_only = off; set check_function_bodies = off; \
     set xmloption = content; \
     set client_min_messages = warning; set row_security = off; set standard_conforming_strings = on; \
     set default_tablespace = ''; select pg_catalog.set_config('search_path', '', false)";

/// Runs a plan. Each statement is a transaction: what fails keeps no other from being done.
///
/// # Errors
/// The connection breaks. Given again, the plan goes on.
pub(crate) async fn apply(target: &Client, plan: &[Statement]) -> Result<Applied, String> {
    target.batch_execute(SETTINGS).await.map_err(|error| pg::Error::from(error).to_string())?;
    let mut applied = Applied::default();
    let replicated = is_replicated(target).await?;
    for statement in plan {
        parts::fail_point::reached("schema-apply");
        // a copy may have dropped it since the plan was made
        if replicated && statement.entry.may_be_away() && statement.entry.is_away(&recorded(target).await?) {
            applied.there += 1;
            continue;
        }
        let Some(error) = refusal(target, &statement.sql).await else {
            applied.done += 1;
            continue;
        };
        let state = error.code().cloned();
        let why = pg::Error::from(error).to_string();
        match state {
            None => return Err(format!("{}: {why}", statement.object)),
            Some(state) if is_there(&statement.sql, &state) => applied.there += 1,
            Some(_) => applied.failed.push(Failed { statement: statement.clone(), why }),
        }
    }
    Ok(applied)
}

/// Times that a statement is given while others make the same object.
const TRIES: usize = 5;

/// Runs a statement; what the server has to say against it. Where somebody else makes the same object at the same time,
/// as a worker does that brings an index back, the server tells a duplicate in its own catalog: given again, the
/// statement finds the object there, or makes it.
async fn refusal(target: &Client, sql: &str) -> Option<tokio_postgres::Error> {
    let mut refused = target.batch_execute(sql).await.err();
    for _ in 1..TRIES {
        let beaten = refused.as_ref().and_then(tokio_postgres::Error::as_db_error).is_some_and(|error| {
            *error.code() == SqlState::UNIQUE_VIOLATION && error.schema() == Some("pg_catalog")
        });
        if !beaten {
            break;
        }
        refused = target.batch_execute(sql).await.err();
    }
    refused
}

/// Whether the target has a record of what replication has dropped there.
async fn is_replicated(target: &Client) -> Result<bool, String> {
    pgq::own_form::is_recorded(target).await.map_err(|error| pg::Error::from(error).to_string())
}

async fn recorded(target: &Client) -> Result<OwnForm, String> {
    pgq::own_form::read(target).await.map_err(|error| pg::Error::from(error).to_string())
}

/// The refusal says that the object is there.
fn is_there(sql: &str, state: &SqlState) -> bool {
    let duplicate = [
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_FUNCTION,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_COLUMN,
    ];
    duplicate.contains(state)
        || (*state == SqlState::WRONG_OBJECT_TYPE && sql.contains(" ATTACH PARTITION "))
        || (*state == SqlState::INVALID_TABLE_DEFINITION && sql.contains(" PRIMARY KEY "))
        || (*state == SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE && sql.contains(" ADD GENERATED "))
}
