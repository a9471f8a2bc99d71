//! A kind of object: how the catalogs are asked for it, what of it is compared, and what a difference weighs.

use std::fmt;

/// What a difference does, the heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Rows of the source are refused, or find no place.
    Stops,
    /// Rows are read or written differently once the application works on the target.
    Data,
    /// Neither of both.
    Cosmetic,
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Weight::Stops => "stops replication",
            Weight::Data => "changes data",
            Weight::Cosmetic => "cosmetic",
        })
    }
}

/// An object of one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    /// Its name among those of its kind, quoted for SQL.
    pub(crate) name: String,
    /// The table, view, type or domain that it belongs to; empty: it stands by itself.
    pub(crate) parent: String,
    /// Statement that creates it.
    pub(crate) create: String,
    /// Statement that drops it.
    pub(crate) drop: String,
    /// Values of the kind's properties, each with the statement that gives it to an object that has another.
    pub(crate) values: Vec<(String, String)>,
    /// What else the kind's query answers.
    pub(crate) rest: Vec<String>,
}

impl Object {
    pub(crate) fn value(&self, at: usize) -> &str {
        self.values.get(at).map_or("", |(value, _)| value)
    }

    pub(crate) fn statement(&self, at: usize) -> &str {
        self.values.get(at).map_or("", |(_, statement)| statement)
    }

    pub(crate) fn rest(&self, at: usize) -> &str {
        self.rest.get(at).map_or("", String::as_str)
    }
}

/// The same object on both sides.
pub(crate) struct Both<'a> {
    pub(crate) source: &'a Object,
    pub(crate) target: &'a Object,
    /// The property's place.
    pub(crate) at: usize,
}

impl Both<'_> {
    pub(crate) fn values(&self) -> (&str, &str) {
        (self.source.value(self.at), self.target.value(self.at))
    }
}

/// How a text that the server writes back from its own trees is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As it stands.
    Exact,
    /// A query: versions write the same one differently.
    Query,
    /// An expression over the columns of the parent, with the same trouble.
    Expression,
    /// The statement that creates a function.
    Function,
}

/// A property that is compared.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) spelling: Spelling,
    /// Whether both values count as the same.
    pub(crate) same: fn(&str, &str) -> bool,
    /// What a difference weighs: by the source's and the target's value.
    pub(crate) weight: fn(&str, &str) -> Weight,
    /// The statement for the target; the source's own where this is none.
    pub(crate) mend: Option<fn(&Both<'_>) -> String>,
}

impl Property {
    pub(crate) const fn new(name: &'static str, weight: fn(&str, &str) -> Weight) -> Property {
        Property { name, spelling: Spelling::Exact, same: equal, weight, mend: None }
    }

    pub(crate) const fn spelled(self, spelling: Spelling) -> Property {
        Property { spelling, ..self }
    }

    pub(crate) const fn same_if(self, same: fn(&str, &str) -> bool) -> Property {
        Property { same, ..self }
    }

    pub(crate) const fn mended_by(self, mend: fn(&Both<'_>) -> String) -> Property {
        Property { mend: Some(mend), ..self }
    }
}

fn equal(source: &str, target: &str) -> bool {
    source == target
}

/// A kind of object.
pub(crate) struct Kind {
    /// Its word before a name.
    pub(crate) word: &'static str,
    /// The query: name, parent, statement that creates, statement that drops, then for each property its value and the
    /// statement that gives it, then whatever the kind reads itself.
    pub(crate) sql: fn() -> String,
    pub(crate) properties: &'static [Property],
    /// What it weighs where the target lacks it.
    pub(crate) missing: fn(&Object) -> Weight,
    /// What it weighs where the source lacks it.
    pub(crate) extra: fn(&Object) -> Weight,
    /// Dropping it loses rows.
    pub(crate) holds_rows: bool,
    /// It is compared where both sides have it, and told nowhere else.
    pub(crate) only_both: bool,
    /// The statement that creates its parent creates it as well.
    pub(crate) inline: bool,
    /// It is created apart from the table that it belongs to: other tables have to be there.
    pub(crate) apart: bool,
}

impl Kind {
    pub(crate) const fn new(
        word: &'static str,
        sql: fn() -> String,
        properties: &'static [Property],
        missing: fn(&Object) -> Weight,
        extra: fn(&Object) -> Weight,
    ) -> Kind {
        Kind {
            word,
            sql,
            properties,
            missing,
            extra,
            holds_rows: false,
            only_both: false,
            inline: false,
            apart: false,
        }
    }

    pub(crate) const fn holding_rows(self) -> Kind {
        Kind { holds_rows: true, ..self }
    }

    pub(crate) const fn only_where_both(self) -> Kind {
        Kind { only_both: true, ..self }
    }

    pub(crate) const fn within_parent(self) -> Kind {
        Kind { inline: true, ..self }
    }

    pub(crate) const fn created_apart(self) -> Kind {
        Kind { apart: true, ..self }
    }
}

/// Weights that do not depend on the object or its values.
pub(crate) mod always {
    use crate::schema::kind::{Object, Weight};

    pub(crate) fn stops(_: &Object) -> Weight {
        Weight::Stops
    }

    pub(crate) fn data(_: &Object) -> Weight {
        Weight::Data
    }

    pub(crate) fn cosmetic(_: &Object) -> Weight {
        Weight::Cosmetic
    }

    pub(crate) fn value_stops(_: &str, _: &str) -> Weight {
        Weight::Stops
    }

    pub(crate) fn value_data(_: &str, _: &str) -> Weight {
        Weight::Data
    }

    pub(crate) fn value_cosmetic(_: &str, _: &str) -> Weight {
        Weight::Cosmetic
    }
}
