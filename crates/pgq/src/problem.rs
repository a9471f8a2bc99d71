//! Problems of a node, as its database tells them, and the record of those that hooks were told: `londiste_rs.problems`
//! and `londiste_rs.told_problem`.

use std::fmt;

use tokio_postgres::{GenericClient, Row};

use crate::Result;
use crate::call::{Parameters, message, row, rows};

/// What a hook is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A table is parked.
    Parked,
    /// A part of the process fails again and again.
    Part,
    /// Definitions of both sides differ.
    Drift,
    /// A table or sequence of the root is replicated by nobody.
    Unreplicated,
    /// A file system is short of room.
    Disk,
    /// Rows of both sides differ.
    Comparison,
    /// No problem: the switch can be made.
    Ready,
}

const KINDS: &[(Kind, &str)] = &[
    (Kind::Parked, "parked"),
    (Kind::Part, "part"),
    (Kind::Drift, "drift"),
    (Kind::Unreplicated, "unreplicated"),
    (Kind::Disk, "disk"),
    (Kind::Comparison, "comparison"),
    (Kind::Ready, "ready"),
];

impl Kind {
    /// The column's value.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    /// Of a newer version's kinds nothing is known.
    fn parse(text: &str) -> Option<Kind> {
        KINDS.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What tells a problem from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// The table, as the queue names it; empty where it is about none.
    pub table: String,
    /// What tells it from other problems of the same kind and table; may be empty.
    pub name: String,
}

/// A problem that the database knows. Nothing of it is a row's value.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which one.
    pub key: Key,
    /// Not so: it is on its way out, and not over yet.
    pub stands: bool,
    /// Of a parked table: the SQLSTATE, where a server refused something.
    pub code: Option<String>,
    /// Of a parked table: `ev_id` of the event that failed.
    pub event: Option<i64>,
    /// Of drift: what mends it.
    pub statement: String,
    /// Of a comparison: rows that differ, of how many.
    pub differing: Option<i64>,
    /// See [`Found::differing`].
    pub compared: Option<i64>,
}

fn key(row: &Row) -> Option<Key> {
    let kind = Kind::parse(row.get("kind"))?;
    Some(Key { kind, table: row.get("table_name"), name: row.get("name") })
}

/// Problems of a queue's node, where it is none that gives changes.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Found>> {
    let sql = "select * from londiste_rs.problems($1)";
    let found = rows(client, "londiste_rs.problems", sql, &[&queue]).await?;
    let problem = |row: &Row| {
        Some(Found {
            key: key(row)?,
            stands: row.get("stands"),
            code: row.get("code"),
            event: row.get("ev_id"),
            statement: row.get("statement"),
            differing: row.get("differing"),
            compared: row.get("compared"),
        })
    };
    Ok(found.iter().filter_map(problem).collect())
}

/// What the hooks of a job were told, with its words.
pub async fn told<C: GenericClient>(client: &C, queue: &str, job: &str) -> Result<Vec<(Key, String)>> {
    let sql = "select kind, table_name, name, words from londiste_rs.told_problem \
                where queue_name = $1 and job_name = $2";
    let found = rows(client, "londiste_rs.told_problem", sql, &[&queue, &job]).await?;
    Ok(found.iter().filter_map(|row| Some((key(row)?, row.get("words")))).collect())
}

/// Keeps what the hooks of a job were told, in the place of what they were told before.
pub async fn keep_told<C: GenericClient>(
    client: &C,
    queue: &str,
    job: &str,
    told: &[(Key, String)],
) -> Result<()> {
    let sql = "select londiste_rs.keep_told_problems($1, $2, $3, $4, \
                   array(select londiste_rs.storable(t) from unnest($5) with ordinality u (t, place) order by place), \
                   array(select londiste_rs.storable(t) from unnest($6) with ordinality u (t, place) order by place))";
    let kinds: Vec<&str> = told.iter().map(|(key, _)| key.kind.as_str()).collect();
    let tables: Vec<&str> = told.iter().map(|(key, _)| key.table.as_str()).collect();
    let names: Vec<Vec<u8>> = told.iter().map(|(key, _)| message(&key.name)).collect();
    let words: Vec<Vec<u8>> = told.iter().map(|(_, words)| message(words)).collect();
    let parameters: Parameters<'_> = &[&queue, &job, &kinds, &tables, &names, &words];
    row(client, "londiste_rs.keep_told_problems", sql, parameters).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word() {
        for (kind, word) in KINDS {
            assert_eq!((kind.as_str(), Kind::parse(word)), (*word, Some(*kind)));
        }
        assert_eq!(Kind::parse("of a newer version"), None);
    }
}
