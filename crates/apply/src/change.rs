//! Change of one row or one table, as decoded from an event.

use std::sync::Arc;

use crate::values::Values;

/// Names of a row's columns in order, and which of them identify the row. Shared by all rows of one layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Column names, as in the row.
    pub names: Vec<String>,
    /// Positions in `names` of the columns that identify the row. Empty: nothing but the whole row does
    /// (or, in an insert of partial SQL, the event does not say).
    pub key: Vec<usize>,
    /// The values were written under pinned output settings, so that equal values have equal texts whatever the
    /// application's settings were.
    pub pinned: bool,
    /// Names of the columns besides whose values stayed as they were, and are left out.
    pub left_out: Vec<String>,
}

impl Columns {
    /// These are all columns that the source's table has.
    pub(crate) fn are_all(&self) -> bool {
        self.pinned && self.left_out.is_empty()
    }
}

/// A row, or the part of it that the event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the values are.
    pub columns: Arc<Columns>,
    /// Text output of each column's value.
    pub values: Values,
}

impl Row {
    /// The value of the column of that name; the outer option tells whether the row has it.
    pub fn by_name(&self, name: &str) -> Option<Option<&str>> {
        let at = self.columns.names.iter().position(|n| n == name)?;
        Some(self.values.get(at))
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A new row.
    Insert,
    /// A row got new values.
    Update,
    /// A row went.
    Delete,
    /// What a key's row is now, whether there was one before or not: the new row, or none, and the old one then tells
    /// the key.
    Put,
    /// The table was emptied.
    Truncate,
    /// One partition of the table was emptied.
    TruncatePartition(Partition),
}

/// A partition of the source's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// `schema.table`.
    pub name: String,
    /// Which rows belong to it, as `londiste_rs.partition_bounds` describes it. Events of versions before 0.2 lack it.
    pub bounds: Option<String>,
}

impl Op {
    /// The operation as an SQL word, for messages.
    pub fn word(&self) -> &'static str {
        match self {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Delete => "delete",
            Op::Put => "put",
            Op::Truncate | Op::TruncatePartition(_) => "truncate",
        }
    }
}

/// A change of a replicated table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The table's name on the source, `schema.table` without quotes.
    pub table: Arc<str>,
    /// What happened.
    pub op: Op,
    /// The row as it is now: of inserts, updates, and puts of a row. Updates by partial SQL tell the changed columns
    /// and the key only; our own leave out large values that stayed as they were.
    pub new: Option<Row>,
    /// The row as it was: of deletes always; of updates where the event tells it, which it does where the key changed.
    /// By partial SQL it holds the key only.
    pub old: Option<Row>,
    /// `ev_id`.
    pub event_id: i64,
    /// `ev_txid`.
    pub txid: i64,
}

impl Change {
    /// The change gives its row another key, as far as texts tell.
    pub(crate) fn moves(&self) -> bool {
        let (Op::Update, Some(old), Some(new)) = (&self.op, &self.old, &self.new) else { return false };
        let mut key = old.columns.key.iter();
        key.any(|at| new.by_name(&old.columns.names[*at]) != Some(old.values.get(*at)))
    }

    /// Bytes of the text of its values.
    pub fn text_bytes(&self) -> u64 {
        let rows = self.new.iter().chain(&self.old);
        rows.map(|row| u64::try_from(row.values.text_bytes()).unwrap_or(u64::MAX)).sum()
    }

    /// Approximate memory of the change, in bytes.
    pub fn size(&self) -> usize {
        let row = |r: &Option<Row>| r.as_ref().map_or(0, |r| r.values.size());
        std::mem::size_of::<Change>() + row(&self.new) + row(&self.old)
    }
}
