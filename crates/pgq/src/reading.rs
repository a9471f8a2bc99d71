//! Reading of a batch: its events, as they arrive.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use pg::Ask;
use tokio_postgres::types::{ToSql, Type};

use crate::call::{asked_one, failed};
use crate::event::Event;
use crate::{Error, Result};

/// Columns of events, as [`Event`] reads them. The server sorts no others, and sends none.
pub(crate) const COLUMNS: &str =
    "ev_id, ev_txid, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4";

/// The same where the database knows no encoding: the server checks texts against the client's, and one that
/// is not in it would fail the whole batch.
pub(crate) const RAW_TEXTS: &str = "ev_id, ev_txid, \
     convert_to(ev_type, 'SQL_ASCII') as ev_type, convert_to(ev_data, 'SQL_ASCII') as ev_data, \
     convert_to(ev_extra1, 'SQL_ASCII') as ev_extra1, convert_to(ev_extra2, 'SQL_ASCII') as ev_extra2, \
     convert_to(ev_extra3, 'SQL_ASCII') as ev_extra3, convert_to(ev_extra4, 'SQL_ASCII') as ev_extra4";

/// Where a statement that reads in portions tells the number of the event's: behind the columns.
const PORTION: usize = 8;

/// Events of a batch in order, as they arrive.
pub type Events = Pin<Box<dyn Stream<Item = Result<Event>> + Send>>;

/// Which events of a batch are read.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// All.
    All,
    /// Those of some tables, and nothing else.
    Tables(&'a [&'a str]),
    /// All but changes of other tables than these.
    ChangesOf {
        /// The tables.
        tables: &'a [&'a str],
        /// A regular expression for types of events that are changes.
        changes: &'a str,
    },
}

/// The statement that reads a batch, as its provider has written it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// None where the batch holds no events.
    pub(crate) sql: Option<String>,
    /// The texts are bytes of no known encoding.
    pub(crate) is_raw: bool,
    /// Conditions that divide its events into portions; empty: they are read as a whole.
    pub(crate) portions: Vec<String>,
}

/// Asks for the statement that reads a batch.
pub(crate) async fn ask<C: Ask>(client: &C, batch: i64) -> Result<Reading> {
    let sql = "select pgq.batch_event_sql($1), current_setting('server_encoding') = 'SQL_ASCII'";
    let row = asked_one(client, "pgq.batch_event_sql", sql, &[&batch]).await?;
    Ok(Reading { sql: row.get(0), is_raw: row.get(1), portions: Vec::new() })
}

impl Reading {
    /// Reads the batch: all of it, or what is selected, which the server does. The server sends as fast as the stream
    /// is polled, so memory stays bounded by the connection's buffer; until the stream ends or is dropped, other
    /// statements on the same connection wait behind it.
    pub async fn events<C: Ask>(&self, client: &C, selection: Selection<'_>) -> Result<Events> {
        let Some(sql) = &self.sql else { return Ok(Box::pin(stream::empty())) };
        let client = client.plain();
        let rows = match selection {
            Selection::All => {
                client.query_typed_raw(&self.statement(sql, None), Vec::<(String, Type)>::new()).await
            }
            Selection::Tables(tables) => {
                let sql = self.statement(sql, Some("ev_extra1 = any ($1)"));
                client.query_typed_raw(&sql, vec![(tables, Type::TEXT_ARRAY)]).await
            }
            Selection::ChangesOf { tables, changes } => {
                let of_these = "(ev_extra1 is null or ev_extra1 = any ($1) or ev_type !~ $2)";
                let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
                    vec![(&tables, Type::TEXT_ARRAY), (&changes, Type::TEXT)];
                client.query_typed_raw(&self.statement(sql, Some(of_these)), parameters).await
            }
        }
        .map_err(failed_item)?;
        let in_portions = !self.portions.is_empty();
        let mut last = (0, i64::MIN);
        Ok(Box::pin(rows.map_err(failed_item).map(move |row| {
            let row = row?;
            let event = Event::from_row(&row).map_err(failed_item)?;
            if in_portions {
                let place = (row.try_get::<_, i32>(PORTION).map_err(failed_item)?, event.id);
                if std::mem::replace(&mut last, place) > place {
                    return Err(Error::Disorder { event: event.id });
                }
            }
            Ok(event)
        })))
    }

    /// The statement for events that fulfil a condition. The portions follow each other as they stand there: nothing
    /// but parallel workers would mix them, and whoever reads looks.
    fn statement(&self, sql: &str, condition: Option<&str>) -> String {
        let texts = if self.is_raw { RAW_TEXTS } else { COLUMNS };
        let condition = condition.unwrap_or("true");
        if self.portions.is_empty() {
            return format!("select {texts} from ({sql}) e where {condition} order by ev_id");
        }
        let of_portion = |(number, portion): (usize, &String)| {
            format!(
                "(select {texts}, {number} from ({sql}) e where {portion} and {condition} order by ev_id)"
            )
        };
        self.portions.iter().enumerate().map(of_portion).collect::<Vec<_>>().join(" union all ")
    }
}

fn failed_item(source: tokio_postgres::Error) -> Error {
    failed("reading the events of a batch")(source)
}
