//! A table to be compared: which columns, by which key, and the SQL that says so on each side.

use pg::{Column, Ident, Table, literal};
use pgq::comparison::{Beginning, Comparison};

use crate::collation::Collation;
use crate::column_type::{base_name, printed, whole};
use crate::hash::{self, Form};

/// One table on both sides.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The table, as the queue names it.
    pub(crate) name: String,
    pub(crate) source: Relation,
    pub(crate) target: Relation,
    /// Columns that identify a row; none: the whole row does.
    pub(crate) key: Vec<String>,
    /// Columns of both sides, in the source's order.
    pub(crate) columns: Vec<String>,
    /// Both sides sort the key alike and have an index for it.
    pub(crate) is_ordered: bool,
    /// Both sides have an index for the key, but do not sort it alike.
    pub(crate) is_looked_up: bool,
    /// Columns that are not compared, for people.
    pub(crate) left_out: Option<String>,
    /// Rows by the source's statistics.
    pub(crate) expected: i64,
    /// Bytes of a row on the source's disk.
    pub(crate) row_bytes: i64,
}

/// One side of it, as SQL with the table's alias `t`.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// The table, for FROM.
    pub(crate) from: String,
    /// A number that tells rows apart.
    pub(crate) hash: String,
    /// The columns of a row, in the order of [`Subject::columns`].
    pub(crate) values: Vec<String>,
    /// The table's name, quoted.
    pub(crate) name: String,
    /// The table's object id.
    pub(crate) oid: u32,
    key: Vec<Column>,
    collations: Vec<Collation>,
    columns: Vec<Column>,
    forms: Vec<Form>,
    /// The key is one whole number, on both sides.
    has_whole_key: bool,
    recode: bool,
}

/// The hash of every row where rows are counted only.
const COUNTED: &str = "0::int8";

/// Whether a comparison has counted rows only.
pub fn counts_only(comparison: &Comparison) -> bool {
    comparison.definition.ends_with(&format!(" {COUNTED} {COUNTED}"))
}

impl Subject {
    /// Its size on the source's disk, about.
    pub(crate) fn bytes(&self) -> i64 {
        self.expected.saturating_mul(self.row_bytes)
    }

    /// How its comparison begins.
    pub(crate) fn beginning(&self) -> Beginning {
        Beginning { table: self.name.clone(), definition: self.definition(), expected: self.expected }
    }

    /// What is compared and how: a comparison goes on only with the same.
    pub(crate) fn definition(&self) -> String {
        let way = if self.is_ordered { "ranges" } else { "buckets" };
        format!("{way} {:?} {} {}", self.key, self.source.hash, self.target.hash)
    }

    /// A key as it is kept.
    pub(crate) fn kept(key: &[String]) -> String {
        serde_json::Value::from(key).to_string()
    }

    /// A key that was kept.
    pub(crate) fn key_of(kept: &str) -> Option<Vec<String>> {
        serde_json::from_str(kept).ok()
    }

    /// A kept key for people: `id=4711`, or the row of a table without key.
    pub(crate) fn shown(&self, kept: &str) -> String {
        match Subject::key_of(kept) {
            Some(values) if !self.key.is_empty() => {
                let pairs = self.key.iter().zip(values).map(|(name, value)| format!("{name}={value}"));
                pairs.collect::<Vec<_>>().join(" ")
            }
            _ => kept.to_owned(),
        }
    }
}

impl Relation {
    pub(crate) fn new(
        table: &Table,
        columns: &[(String, Form)],
        (key, collations): (&[String], Vec<Collation>),
        (recode, count_only, has_whole_key): (bool, bool, bool),
    ) -> Relation {
        let of = |names: &[String]| -> Vec<Column> {
            names.iter().filter_map(|name| table.columns.iter().find(|c| c.name == *name)).cloned().collect()
        };
        let (names, forms): (Vec<String>, Vec<Form>) = columns.iter().cloned().unzip();
        let columns = of(&names);
        let values: Vec<String> = columns.iter().map(|c| format!("t.{}", Ident::new(&c.name))).collect();
        let texts: Vec<String> = columns.iter().zip(&values).map(|(c, value)| printed(c, value)).collect();
        let hash = if count_only { COUNTED.to_owned() } else { hash_of(texts, &forms, recode) };
        Relation {
            from: format!("{}{} t", table.only(), table.name),
            hash,
            values,
            name: table.name.to_string(),
            oid: table.oid,
            key: of(key),
            collations,
            columns,
            forms,
            has_whole_key,
            recode,
        }
    }

    /// The key's columns, quoted.
    pub(crate) fn key_columns(&self) -> Vec<String> {
        self.key.iter().map(|c| format!("t.{}", Ident::new(&c.name))).collect()
    }

    /// The key's only column, where it is a whole number.
    pub(crate) fn number_key(&self) -> Option<&str> {
        let [column] = self.key.as_slice() else { return None };
        whole(&base_name(column)).then_some(column.name.as_str())
    }

    /// A number that tells keys apart, alike on both sides.
    pub(crate) fn key_hash(&self) -> String {
        let columns = self.key_columns();
        match columns.as_slice() {
            [number] if self.has_whole_key => hash::of_whole(number),
            _ => hash_of(columns, &vec![Form::Quoted; self.key.len()], self.recode),
        }
    }

    /// Nobody can write the column.
    pub(crate) fn is_generated(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c.name == column && c.generated)
    }

    /// A key as SQL values.
    pub(crate) fn key_literals(&self, key: &[String]) -> Vec<String> {
        let clause = |at: usize| self.collations.get(at).map_or("", |collation| &collation.clause);
        let literals = self.key.iter().zip(key).enumerate();
        literals
            .map(|(at, (c, value))| format!("{}::{}{}", literal(value), c.value_type, clause(at)))
            .collect()
    }

    /// The condition that rows lie behind a key, and up to another one, in the key's order.
    pub(crate) fn range(&self, after: Option<&[String]>, up_to: Option<&[String]>) -> String {
        let columns = self.key_columns().join(", ");
        let bound = |operator: &str, key: &[String]| {
            format!("row({columns}) {operator} row({})", self.key_literals(key).join(", "))
        };
        let bounds = [after.map(|key| bound(">", key)), up_to.map(|key| bound("<=", key))];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() { "true".to_owned() } else { bounds.join(" and ") }
    }

    /// Keys as a subquery `v` with columns `i` (from 0) and `k0`, `k1`, …
    pub(crate) fn listed(&self, keys: &[Vec<String>]) -> String {
        let rows: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(i, key)| format!("({i}, {})", self.key_literals(key).join(", ")))
            .collect();
        let names: Vec<String> = (0..self.key.len()).map(|at| format!("k{at}")).collect();
        format!("(values {}) v (i, {})", rows.join(", "), names.join(", "))
    }

    /// The condition that row `t` has the key of `v`.
    pub(crate) fn has_listed_key(&self) -> String {
        let same = |(at, c): (usize, &Column)| format!("t.{} {} v.k{at}", Ident::new(&c.name), c.equals);
        self.key.iter().enumerate().map(same).collect::<Vec<_>>().join(" and ")
    }

    /// The condition that row `t` has these values, given as texts in the order of the compared columns.
    pub(crate) fn has_values(&self, values: &[Option<String>]) -> String {
        let same = |(c, value): (&Column, &Option<String>)| {
            let column = format!("t.{}", Ident::new(&c.name));
            match value {
                Some(text) => format!("row({column})::text = row({}::{})::text", literal(text), c.value_type),
                None => format!("{column} is not distinct from null"),
            }
        };
        self.columns.iter().zip(values).map(same).collect::<Vec<_>>().join(" and ")
    }

    /// The hash of a row that is given as texts, in the order of the compared columns.
    pub(crate) fn hash_of(&self, values: &[Option<&str>]) -> String {
        if self.hash == COUNTED {
            return self.hash.clone();
        }
        let value = |(c, value): (&Column, &Option<&str>)| match value {
            Some(text) => printed(c, &format!("{}::{}", literal(text), c.value_type)),
            None => printed(c, &format!("null::{}", c.value_type)),
        };
        hash_of(self.columns.iter().zip(values).map(value).collect(), &self.forms, self.recode)
    }
}

/// The hash of a row of these values.
fn hash_of(values: Vec<String>, forms: &[Form], recode: bool) -> String {
    if recode {
        return hash::recoded(&values);
    }
    hash::hash(&values.into_iter().zip(forms.iter().copied()).collect::<Vec<_>>())
}
