//! Types of columns by their names.

use pg::Column;

/// Its type's name, without schema where that is the server's.
pub(crate) fn base_name(column: &Column) -> String {
    column.value_type.replace('"', "").trim_start_matches("pg_catalog.").to_owned()
}

/// The type holds whole numbers.
pub(crate) fn whole(name: &str) -> bool {
    ["int2", "int4", "int8"].contains(&name)
}

/// A value as all versions print it: from 16 on a `"char"` beyond ASCII is printed as an octal number.
pub(crate) fn printed(column: &Column, value: &str) -> String {
    match column.value_type.as_str() {
        "pg_catalog.\"char\"" | "\"pg_catalog\".\"char\"" => format!("{value}::int4"),
        "pg_catalog._char" | "\"pg_catalog\".\"_char\"" => format!("{value}::int4[]"),
        _ => value.to_owned(),
    }
}
