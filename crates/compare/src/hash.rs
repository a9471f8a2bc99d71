//! Hash of a row, as SQL: over a text that no two different rows share.
//!
//! The text is put together of what the types' output functions print, by `concat`, which looks at no character for
//! what a record would have to quote. It stays unambiguous: a field that may hold any character has its length before
//! it, all others end at the first comma that is not their own, and none of them but a NULL is empty.

use pg::{Column, Table};

use crate::column_type::base_name;

/// How a column's value stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is printed: no comma is in it, or none outside of braces and quotes of its own.
    Plain,
    /// Behind its length.
    Measured,
    /// As a record of one field, which quotes it.
    Quoted,
}

/// Types whose text has no comma, or is a JSON value.
const PLAIN: [&str; 21] = [
    "int2",
    "int4",
    "int8",
    "oid",
    "bool",
    "float4",
    "float8",
    "numeric",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "bytea",
    "inet",
    "cidr",
    "json",
    "jsonb",
    "pg_lsn",
];
const MEASURED: [&str; 3] = ["text", "varchar", "bpchar"];
/// Values in one call of `concat`, which takes a hundred arguments at most.
const IN_A_CALL: usize = 24;

impl Form {
    /// The form of a column on both sides, which may have it in different types.
    pub(crate) fn of(name: &str, source: &Table, target: &Table) -> Form {
        let form = |table: &Table| table.columns.iter().find(|c| c.name == name).map(Form::of_type);
        match (form(source), form(target)) {
            (Some(there), Some(here)) if there == here => there,
            _ => Form::Quoted,
        }
    }

    fn of_type(column: &Column) -> Form {
        let name = base_name(column);
        // an array has braces, and quotes around what has commas or braces
        let is_array = name.starts_with('_') && !name.contains('.');
        match name.as_str() {
            name if is_array || PLAIN.contains(&name) => Form::Plain,
            name if MEASURED.contains(&name) => Form::Measured,
            _ => Form::Quoted,
        }
    }
}

/// The hash of a row of these values.
pub(crate) fn hash(values: &[(String, Form)]) -> String {
    format!("hashtextextended({} collate \"C\", 0)", joined(values))
}

/// The same where the servers have two encodings: of the bytes in UTF-8.
pub(crate) fn recoded(values: &[String]) -> String {
    format!("hashtextextended(convert_to(row({})::text, 'UTF8')::text, 0)", values.join(", "))
}

/// The hash of a whole number, of whatever width.
pub(crate) fn of_whole(value: &str) -> String {
    format!("hashint8extended({value}::int8, 0)")
}

fn joined(values: &[(String, Form)]) -> String {
    let field = |(value, form): &(String, Form)| match form {
        Form::Plain => value.clone(),
        Form::Measured => format!("octet_length({value}), ',', {value}"),
        Form::Quoted => format!("row({value})"),
    };
    let call = |part: &[(String, Form)]| {
        format!("concat({})", part.iter().map(field).collect::<Vec<_>>().join(", ',', "))
    };
    let calls: Vec<String> = values.chunks(IN_A_CALL).map(call).collect();
    match calls.as_slice() {
        [] => "''".to_owned(),
        [one] => one.clone(),
        several => format!("({})", several.join(" || ',' || ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_length_before_it() {
        let values = [("t.a".to_owned(), Form::Plain), ("t.b".to_owned(), Form::Measured)];
        assert_eq!(
            hash(&values),
            "hashtextextended(concat(t.a, ',', octet_length(t.b), ',', t.b) collate \"C\", 0)"
        );
    }

    #[test]
    fn many_columns_take_several_calls() {
        let values: Vec<_> = (0..1600).map(|at| (format!("t.c{at}"), Form::Measured)).collect();
        let sql = joined(&values);
        assert_eq!(sql.matches("concat(").count(), 1600_usize.div_ceil(IN_A_CALL));
        for call in sql.split("concat(").skip(1) {
            assert!(call.matches(", ").count() < 100, "{call}");
        }
    }
}
