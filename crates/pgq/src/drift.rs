//! Drift of definitions: what the worker of a leaf has found, kept in `londiste_rs.drift`, and the questions to the
//! catalogs by which it looks ([`stamps`], [`scope`]).

mod catalog;

use std::time::SystemTime;

use tokio_postgres::{GenericClient, Row};

use crate::Result;
use crate::call::{message, row, rows};

pub use catalog::{Relation, Scope, Stamps, scope, stamps};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The definition of a replicated table or sequence, or of a type that tables use.
    Definition,
    /// A table or sequence of the root that nobody replicates.
    Unreplicated,
}

impl Subject {
    /// The column's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::Definition => "definition",
            Subject::Unreplicated => "unreplicated",
        }
    }
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The table or sequence, as the queue names it, or would.
    pub table: String,
    /// What differs, in words.
    pub what: String,
    /// What mends it: SQL for the leaf, or commands for what nobody replicates; empty: nothing is to be run.
    pub statement: String,
    /// Rows of the source are refused, or find no place.
    pub stops: bool,
}

/// A finding that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it is about.
    pub subject: Subject,
    /// The finding.
    pub finding: Finding,
    /// When it was seen first.
    pub since: SystemTime,
}

/// How the definitions of a node stand, for whoever shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drift {
    /// All that is kept.
    pub kept: Vec<Kept>,
    /// Why the last look came to no end.
    pub failed: Option<String>,
}

impl Drift {
    /// Findings of a subject.
    pub fn of(&self, subject: Subject) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(move |kept| kept.subject == subject)
    }

    /// For people: `definitions: 2 differ, 1 STOPS REPLICATION`.
    pub fn words(&self) -> String {
        let differ = self.of(Subject::Definition).count();
        let stopping = self.of(Subject::Definition).filter(|kept| kept.finding.stops).count();
        let unreplicated = self.of(Subject::Unreplicated).count();
        let mut words = match (differ, stopping) {
            (0, _) => "definitions: alike".to_owned(),
            (_, 0) => format!("definitions: {differ} DIFFER"),
            (_, 1) => format!("definitions: {differ} DIFFER, 1 STOPS REPLICATION"),
            _ => format!("definitions: {differ} DIFFER, {stopping} STOP REPLICATION"),
        };
        if unreplicated > 0 {
            words.push_str(&format!(", {unreplicated} tables and sequences of the root are not replicated"));
        }
        if let Some(failed) = &self.failed {
            words.push_str(&format!(", could not be looked at: {failed}"));
        }
        words
    }
}

/// A finding that has come or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The finding.
    pub finding: Finding,
    /// It has come.
    pub is_new: bool,
}

fn finding(row: &Row) -> Finding {
    Finding {
        table: row.get("table_name"),
        what: row.get("what"),
        statement: row.get("statement"),
        stops: row.get("stops"),
    }
}

/// Whether the connected node keeps drift: it is ours, and not too old.
pub async fn is_known<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select to_regprocedure('londiste_rs.drift_list(text)') is not null";
    Ok(row(client, "londiste_rs.drift_list", sql, &[]).await?.get(0))
}

/// All that is kept of a queue on the connected node.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Kept>> {
    let sql = "select * from londiste_rs.drift_list($1)";
    let found = rows(client, "londiste_rs.drift_list", sql, &[&queue]).await?;
    let kept = |row: &Row| Kept {
        subject: match row.get::<_, &str>("subject") {
            "definition" => Subject::Definition,
            _ => Subject::Unreplicated,
        },
        finding: finding(row),
        since: row.get("since"),
    };
    Ok(found.iter().map(kept).collect())
}

/// The same as lines, by table.
pub async fn remarks<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select table_name, remark from londiste_rs.drift_remarks($1)";
    let found = rows(client, "londiste_rs.drift_remarks", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Keeps what was found of a subject, in the place of what was found before; answers what has come and gone.
pub async fn keep<C: GenericClient>(
    client: &C,
    queue: &str,
    subject: Subject,
    found: &[Finding],
) -> Result<Vec<Change>> {
    let sql = "select * from londiste_rs.keep_drift($1, $2, $3, \
                   array(select londiste_rs.storable(t) from unnest($4) with ordinality u (t, place) order by place), \
                   array(select londiste_rs.storable(t) from unnest($5) with ordinality u (t, place) \
                          order by place), $6)";
    let tables: Vec<&str> = found.iter().map(|finding| finding.table.as_str()).collect();
    let whats: Vec<Vec<u8>> = found.iter().map(|finding| message(&finding.what)).collect();
    let statements: Vec<Vec<u8>> = found.iter().map(|finding| message(&finding.statement)).collect();
    let stops: Vec<bool> = found.iter().map(|finding| finding.stops).collect();
    let word = subject.as_str();
    let kept =
        rows(client, "londiste_rs.keep_drift", sql, &[&queue, &word, &tables, &whats, &statements, &stops])
            .await?;
    Ok(kept.iter().map(|row| Change { finding: finding(row), is_new: row.get("is_new") }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_replication_is_counted_by_itself() {
        let kept = |subject, stops| Kept {
            subject,
            finding: Finding { table: String::new(), what: String::new(), statement: String::new(), stops },
            since: SystemTime::UNIX_EPOCH,
        };
        let mut drift = Drift::default();
        assert_eq!(drift.words(), "definitions: alike");
        drift.kept = vec![kept(Subject::Definition, false), kept(Subject::Unreplicated, false)];
        assert_eq!(
            drift.words(),
            "definitions: 1 DIFFER, 1 tables and sequences of the root are not replicated"
        );
        drift.kept.push(kept(Subject::Definition, true));
        drift.failed = Some("away".to_owned());
        assert!(
            drift.words().starts_with("definitions: 2 DIFFER, 1 STOPS REPLICATION, "),
            "{}",
            drift.words()
        );
        assert!(drift.words().ends_with("could not be looked at: away"), "{}", drift.words());
    }
}
