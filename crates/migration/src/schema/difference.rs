//! Differences of two schemas.

use super::kind::Weight;
use crate::Place;

/// Characters of a value that are shown.
const LONGEST: usize = 100;

/// How the sides differ in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The target lacks it.
    Missing,
    /// The target alone has it.
    Extra,
    /// Both have it, with different values of this property.
    Property(&'static str),
}

/// A difference of the two schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it does.
    pub weight: Weight,
    /// The kind of the object: `column`.
    pub kind: &'static str,
    /// Its name, quoted for SQL.
    pub name: String,
    /// The table that it belongs to or is, quoted; empty where there is none.
    pub table: String,
    /// How the sides differ.
    pub how: How,
    /// The property's value on the source.
    pub source: String,
    /// The property's value on the target.
    pub target: String,
    /// What makes the target as the source is. Several statements stand on lines of their own.
    pub statement: String,
    /// The statement drops what may hold rows.
    pub loses_rows: bool,
}

impl Difference {
    /// The kind and the name.
    pub fn object(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// What differs, in words.
    pub fn what(&self) -> String {
        let or_none = |value: &str| if value.is_empty() { "none".to_owned() } else { short(value) };
        match self.how {
            How::Missing => "is missing".to_owned(),
            How::Extra => "is there only".to_owned(),
            How::Property(name) => {
                format!("{name}: {}, and {} on the source", or_none(&self.target), or_none(&self.source))
            }
        }
    }
}

/// A value on one line; of a long one, the beginning.
fn short(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Objects that could not be read, and why.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Their kind, or a table.
    pub object: String,
    /// The side.
    pub place: Place,
    /// What the server said.
    pub why: String,
}

/// The differences of two schemas, in an order in which their statements can be run.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// What differs.
    pub differences: Vec<Difference>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// How many objects of the source were compared.
    pub compared: usize,
}
