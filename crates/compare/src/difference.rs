//! Rows that differ, and in what.

use std::collections::HashMap;

use pgq::comparison::{self, DifferingRow};

use crate::Result;
use crate::lookup::Found;
use crate::side::{Sides, texts};
use crate::subject::{Relation, Subject};

/// Keys in one statement.
const AT_ONCE: usize = 200;

/// In what way a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Both sides have it, with other values.
    Differs,
    /// The source alone has it.
    MissingOnTarget,
    /// The target alone has it.
    MissingOnSource,
}

impl Kind {
    /// For people, and as it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Differs => "differs",
            Kind::MissingOnTarget => "missing on target",
            Kind::MissingOnSource => "missing on source",
        }
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its key as it is kept: a JSON array of texts; of a table without key the row as text.
    pub key: String,
    /// In what way.
    pub kind: Kind,
    /// The columns that differ, with the values of source and target; empty where they were not asked for, or the row
    /// is on one side only.
    pub columns: Vec<(String, Option<String>, Option<String>)>,
}

impl Difference {
    pub(crate) fn kept(&self) -> DifferingRow {
        DifferingRow {
            key: self.key.clone(),
            kind: self.kind.as_str().to_owned(),
            columns: self.columns.iter().map(|(name, ..)| name.clone()).collect(),
        }
    }
}

/// What differs between two lists of rows, the target's in parts: never more is held than the source's list and one
/// part.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    there: HashMap<Vec<String>, i64>,
    differ: Differing,
}

/// Rows that differ.
#[derive(Debug, Default)]
pub(crate) struct Differing {
    /// The first of them.
    pub(crate) first: Vec<(Vec<String>, Kind)>,
    /// How many there are.
    pub(crate) rows: usize,
}

impl Differing {
    pub(crate) fn push(&mut self, key: Vec<String>, kind: Kind) {
        self.rows += 1;
        if self.first.len() < usize::try_from(comparison::KEPT_ROWS).unwrap_or_default() {
            self.first.push((key, kind));
        }
    }
}

impl Lists {
    /// The rows of the source.
    pub(crate) fn of(source: impl Iterator<Item = Found>) -> Lists {
        Lists { there: source.map(|row| (row.key, row.hash)).collect(), differ: Differing::default() }
    }

    /// Some rows of the target.
    pub(crate) fn take(&mut self, target: impl Iterator<Item = Found>) {
        for row in target {
            match self.there.remove(&row.key) {
                None => self.differ.push(row.key, Kind::MissingOnSource),
                Some(hash) if hash != row.hash => self.differ.push(row.key, Kind::Differs),
                Some(_) => {}
            }
        }
    }

    /// There are no more of them.
    pub(crate) fn end(mut self) -> Differing {
        let mut left: Vec<Vec<String>> = self.there.into_keys().collect();
        left.sort();
        left.into_iter().for_each(|key| self.differ.push(key, Kind::MissingOnTarget));
        self.differ
    }
}

/// Looks into rows that differ: which columns do. Under the snapshots that found them.
pub(crate) async fn looked_into(
    sides: &Sides,
    subject: &Subject,
    differ: &[(Vec<String>, Kind)],
) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for part in differ.chunks(AT_ONCE) {
        let keys: Vec<Vec<String>> = part.iter().map(|(key, _)| key.clone()).collect();
        let (source, target) = tokio::try_join!(
            values(&sides.source, &subject.source, &keys, &subject.name),
            values(&sides.target, &subject.target, &keys, &subject.name),
        )?;
        for (place, (key, kind)) in part.iter().enumerate() {
            let columns = match (source.get(&place), target.get(&place)) {
                (Some(there), Some(here)) => unequal(subject, there, here),
                _ => Vec::new(),
            };
            differences.push(Difference { key: Subject::kept(key), kind: *kind, columns });
        }
    }
    Ok(differences)
}

fn unequal(
    subject: &Subject,
    there: &[Option<String>],
    here: &[Option<String>],
) -> Vec<(String, Option<String>, Option<String>)> {
    let columns = subject.columns.iter().zip(there.iter().zip(here));
    columns
        .filter(|(_, (there, here))| there != here)
        .map(|(name, (there, here))| (name.clone(), there.clone(), here.clone()))
        .collect()
}

/// Values of rows by the places of their keys.
pub(crate) async fn values(
    session: &pg::Session,
    relation: &Relation,
    keys: &[Vec<String>],
    table: &str,
) -> Result<HashMap<usize, Vec<Option<String>>>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (listed, condition, from) = (relation.listed(keys), relation.has_listed_key(), &relation.from);
    let columns: String = relation.values.iter().map(|value| format!(", {value}")).collect();
    let sql = format!("select v.i{columns} from {listed} join {from} on {condition}");
    let rows = texts(session, &format!("reading rows of table {table}"), &sql).await?;
    Ok(rows
        .into_iter()
        .filter_map(|mut row| {
            let place = row.first()?.as_deref()?.parse().ok()?;
            row.remove(0);
            Some((place, row))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, hash: i64) -> Found {
        Found { key: vec![key.to_owned()], hash, bucket: 0 }
    }

    #[test]
    fn lists_differ_by_rows_and_by_values() {
        let mut lists = Lists::of([row("1", 1), row("2", 2), row("3", 3)].into_iter());
        lists.take([row("2", 2), row("3", 30)].into_iter());
        lists.take([row("4", 4)].into_iter());
        let expected = [("3", Kind::Differs), ("4", Kind::MissingOnSource), ("1", Kind::MissingOnTarget)];
        let found = lists.end();
        assert_eq!(found.first, expected.map(|(key, kind)| (vec![key.to_owned()], kind)));
        assert_eq!(found.rows, 3);
    }
}
