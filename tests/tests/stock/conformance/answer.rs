//! What a database answers to one statement, in a form that can be compared with another database's answer.
use std::fmt;

use postgres::{Client, SimpleQueryMessage};

/// Columns whose values are times, transaction ids and words for people, wherever they appear.
const VOLATILE: &[&str] = &[
    "ret_note",
    "ev_time",
    "ev_txid",
    "ev_retry_after",
    "lag",
    "last_seen",
    "ticker_lag",
    "ev_per_sec",
    "tick_time",
    "tick_snapshot",
    "batch_start",
    "batch_end",
    "cur_tick_time",
    "prev_tick_time",
    "next_tick_time",
    "queue_switch_time",
    "queue_switch_step1",
    "queue_switch_step2",
    "sub_active",
    "execute_time",
];

/// An answer: what came back, or the error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Rows { columns: Vec<(String, String)>, rows: Vec<Vec<Option<String>>> },
    Error { state: String, message: String },
}

impl Answer {
    /// Runs one statement. Values of volatile columns are replaced, but NULL stays NULL.
    pub(crate) fn to(client: &mut Client, sql: &str, volatile: &[&str]) -> Answer {
        match Answer::try_to(client, sql, volatile) {
            Ok(answer) => answer,
            Err(error) => {
                let error = error.as_db_error().unwrap_or_else(|| panic!("{sql}\n{error:?}"));
                Answer::Error { state: error.code().code().to_owned(), message: error.message().to_owned() }
            }
        }
    }

    fn try_to(client: &mut Client, sql: &str, volatile: &[&str]) -> Result<Answer, postgres::Error> {
        let described = client.prepare(sql)?;
        let columns: Vec<(String, String)> = described
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.type_().name().to_owned()))
            .collect();
        let changes = |at: usize| {
            let name = columns[at].0.as_str();
            VOLATILE.contains(&name) || volatile.contains(&name)
        };
        let mut rows = Vec::new();
        for message in client.simple_query(sql)? {
            if let SimpleQueryMessage::Row(row) = message {
                let values = (0..row.len()).map(|at| match row.get(at) {
                    Some(_) if changes(at) => Some("~".to_owned()),
                    value if columns[at].0 != "ret_note" => value.map(str::to_owned),
                    _ => Some("~".to_owned()),
                });
                rows.push(values.collect());
            }
        }
        Ok(Answer::Rows { columns, rows })
    }

    /// Whether both are errors of one SQLSTATE.
    pub(crate) fn fails_like(&self, other: &Answer) -> bool {
        match (self, other) {
            (Answer::Error { state: mine, .. }, Answer::Error { state: theirs, .. }) => mine == theirs,
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Error { state, message } => writeln!(f, "        error {state}: {message}"),
            Answer::Rows { columns, rows } => {
                let heads: Vec<String> =
                    columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
                writeln!(f, "        [{}] {} rows", heads.join(", "), rows.len())?;
                for row in rows {
                    let values: Vec<&str> =
                        row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
                    writeln!(f, "        {}", values.join(" | "))?;
                }
                Ok(())
            }
        }
    }
}
