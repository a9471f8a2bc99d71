//! Column of a destination table: its type, how its values are read, and when they are the same.

use crate::target::reading::Reading;

/// When two texts of a column's values mean that the values differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// Always.
    Text,
    /// Where the output settings were pinned.
    PinnedText,
    /// Where they differ in more than trailing blanks.
    Blanks,
    /// Where they differ in more than zeros at the end of the fraction.
    Numeric,
    /// As `PinnedText`, but for minus zero.
    Float,
    /// Only the server knows.
    Unknown,
}

#[derive(Debug)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    pub(crate) quoted: String,
    /// The type that texts are read as: that of the column, without domain and without type modifier, so that the
    /// assignment to the column still checks both (an explicit cast would cut too long values off silently).
    pub(crate) type_name: String,
    /// The type is PostgreSQL's own.
    pub(super) built_in: bool,
    pub(crate) reading: Reading,
    /// `operator(schema.=)` of the type's default B-tree class: an index can serve it, whatever the search_path.
    pub(crate) equals: String,
    /// Its type is a domain.
    pub(super) domain: bool,
    pub(crate) generated: bool,
    pub(crate) identity_always: bool,
    pub(crate) sameness: Sameness,
}

impl TargetColumn {
    /// The SQL of the column's value that is given by a column of [`reading::rows`](crate::target::reading::rows).
    pub(crate) fn read(&self, given: &str) -> String {
        self.reading.read(given)
    }

    /// A literal is read by the type's input function, a parameter of type text only by a cast.
    pub(crate) fn takes_literals(&self) -> bool {
        matches!(self.reading, Reading::Typed { .. } | Reading::Json(_))
    }

    /// The SQL of the column's value that is given by a parameter alone.
    pub(crate) fn read_one(&self, number: usize) -> String {
        self.reading.read_one(number, &self.type_name)
    }

    /// SQL of a value of the column, to be compared by `equals`: the operators of enum types take no domain.
    pub(crate) fn compared(&self, value: &str) -> String {
        let base =
            if self.domain && !self.built_in { format!("::{}", self.type_name) } else { String::new() };
        format!("{value}{base}")
    }

    /// SQL for a field of a `row(…)` whose text tells the value `value` of this column. A cast of the application's
    /// type to text might be anything.
    pub(crate) fn printed(&self, value: &str) -> String {
        if self.built_in { format!("{value}::text") } else { value.to_owned() }
    }

    /// The SQL of two values having the same text.
    pub(crate) fn same_text(&self, one: &str, other: &str) -> String {
        if self.built_in {
            format!("{one}::text operator(pg_catalog.=) {other}::text")
        } else {
            format!("row({one})::text operator(pg_catalog.=) row({other})::text")
        }
    }
}

/// Types by their fixed object ids.
pub(super) fn sameness(base: u32, is_enum: bool, deterministic: bool) -> Sameness {
    match base {
        // text, varchar: a nondeterministic collation takes different texts for equal
        25 | 1043 if deterministic => Sameness::Text,
        // "char", name, int8, int2, int4, oid, cidr, macaddr8, macaddr, inet, bit, varbit, uuid, pg_lsn
        18 | 19 | 20 | 21 | 23 | 26 | 650 | 774 | 829 | 869 | 1560 | 1562 | 2950 | 3220 => Sameness::Text,
        // bool, bytea, money, date, time, timestamp, timestamptz, timetz
        16 | 17 | 790 | 1082 | 1083 | 1114 | 1184 | 1266 => Sameness::PinnedText,
        1042 if deterministic => Sameness::Blanks,
        700 | 701 => Sameness::Float,
        1700 => Sameness::Numeric,
        _ if is_enum => Sameness::Text,
        _ => Sameness::Unknown,
    }
}
