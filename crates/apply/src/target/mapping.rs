//! Mapping of a row's columns to the columns of the target.

use std::sync::Arc;

use tracing::warn;

use crate::target::column::{Sameness, TargetColumn};
use crate::{Columns, Error, Result, Row};

#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) columns: Arc<Columns>,
    /// Row position and target position of each column that is written.
    pub(crate) written: Vec<(usize, usize)>,
    /// The same of the key columns, ordered by target position. Empty: the whole row identifies.
    pub(crate) key: Vec<(usize, usize)>,
    /// Rows have all the target's columns that are written.
    pub(crate) whole: bool,
    /// Target positions of the columns that the event leaves out because their values stayed as they were.
    pub(crate) left_out: Vec<usize>,
    /// Row positions of the columns that the target lacks.
    pub(crate) lacking: Vec<usize>,
    /// Row position of each target column.
    positions: Vec<Option<usize>>,
}

impl Mapping {
    /// Matches a row's columns with the target's, and warns of those that one side only has.
    pub(crate) fn new(
        table: &str,
        target: &[TargetColumn],
        columns: &Arc<Columns>,
        event_id: i64,
    ) -> Result<Mapping> {
        let find = |name: &str| target.iter().position(|t| t.name == *name);
        let mut written = Vec::with_capacity(columns.names.len());
        let mut lacking = Vec::new();
        for (at, name) in columns.names.iter().enumerate() {
            match find(name) {
                Some(to) if target[to].generated => {}
                Some(to) => written.push((at, to)),
                // a virtual column of the source: its shape gives it no name
                None if name.is_empty() => {}
                None => lacking.push(at),
            }
        }
        let missing = |name: &str| Error::KeyColumnMissing {
            table: table.to_owned(),
            column: name.to_owned(),
            event_id,
        };
        let mut key = columns
            .key
            .iter()
            .map(|at| {
                find(&columns.names[*at]).map(|to| (*at, to)).ok_or_else(|| missing(&columns.names[*at]))
            })
            .collect::<Result<Vec<_>>>()?;
        key.sort_unstable_by_key(|(_, to)| *to);
        let target_only: Vec<_> = target
            .iter()
            .filter(|t| !t.generated && !columns.names.contains(&t.name))
            .map(|t| t.name.as_str())
            .collect();
        if !lacking.is_empty() {
            let names: Vec<&str> = lacking.iter().map(|at| columns.names[*at].as_str()).collect();
            warn!(
                table,
                event = event_id,
                columns = names.join(","),
                "the target lacks columns of the source: add them there, or see missing_columns and --skip-columns"
            );
        }
        if columns.are_all() && !target_only.is_empty() {
            warn!(
                table,
                event = event_id,
                columns = target_only.join(","),
                "columns of the target that the source lacks keep what they have, or get their default"
            );
        }
        let left_out = columns.left_out.iter().filter_map(|name| find(name)).collect();
        let mut positions = vec![None; target.len()];
        written.iter().chain(&key).for_each(|(at, to)| positions[*to] = Some(*at));
        Ok(Mapping {
            columns: Arc::clone(columns),
            written,
            key,
            whole: target_only.is_empty(),
            left_out,
            lacking,
            positions,
        })
    }

    /// Rows have all of these columns of the target, or leave them out.
    pub(crate) fn tells_all_but_left_out(&self, columns: &[usize]) -> bool {
        self.whole || columns.iter().all(|to| self.position(*to).is_some() || self.left_out.contains(to))
    }

    /// Row position of the target's column.
    pub(crate) fn position(&self, to: usize) -> Option<usize> {
        self.positions.get(to).copied().flatten()
    }

    /// Appends the key's text to `out`, so that equal texts mean equal keys; false where texts cannot tell.
    pub(crate) fn key_text(
        &self,
        target: &[TargetColumn],
        key: &[usize],
        row: &Row,
        out: &mut String,
    ) -> bool {
        key.iter().all(|to| {
            let Some(text) = self.position(*to).and_then(|at| row.values.get(at)) else { return false };
            let text = match (target[*to].sameness, self.columns.pinned) {
                (Sameness::Text, _) | (Sameness::PinnedText, true) => text,
                (Sameness::Blanks, _) => text.trim_end_matches(' '),
                (Sameness::Numeric, _) if text.contains('.') => {
                    text.trim_end_matches('0').trim_end_matches('.')
                }
                (Sameness::Numeric, _) => text,
                (Sameness::Float, true) if text == "-0" => "0",
                (Sameness::Float, true) => text,
                _ => return false,
            };
            // no PostgreSQL text holds a zero byte
            out.push_str(text);
            out.push('\0');
            true
        })
    }

    /// The key and its values, for messages.
    pub(crate) fn describe_key(&self, row: &Row) -> String {
        if self.key.is_empty() {
            return "the whole row identifies".to_owned();
        }
        let part = |(at, _): &(usize, usize)| {
            format!("{}={}", self.columns.names[*at], pg::raw::shown(row.values.get(*at).unwrap_or("NULL")))
        };
        self.key.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}
