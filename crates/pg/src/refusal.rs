//! Refusal of a statement in the server's words, without the values of rows: they do not belong into logs, metrics and
//! the status of a table. Whoever may see them finds them in the server's own log.

use tokio_postgres::error::DbError;

/// With what a server quotes, in the languages that PostgreSQL speaks.
const QUOTES: [char; 7] = ['"', '“', '”', '„', '«', '»', '\''];

/// The message. Data exceptions (class 22) quote the value that they are about; those about characters (22021, 22P05)
/// quote encodings.
pub fn message_without_values(db: &DbError) -> String {
    let of_characters = matches!(db.code().code(), "22021" | "22P05");
    if is_of_data(db) && !of_characters { unquoted(db.message()) } else { db.message().to_owned() }
}

/// The detail. Of a violated constraint, the columns of the key are told; of other errors about rows nothing.
pub(crate) fn detail(db: &DbError) -> Option<String> {
    let text = db.detail()?;
    match db.code().code() {
        // "Key (columns)=(values) is …", in whatever language
        "23505" | "23503" | "23001" | "23P01" => key(text),
        _ if is_about_rows(db) => None,
        _ => Some(text.to_owned()),
    }
}

/// The context: where the server was. A line of COPY names table, line and column, and quotes the value or the whole
/// row behind them.
pub(crate) fn context(db: &DbError) -> Option<String> {
    let lines = db.where_()?.lines().filter_map(|line| {
        if line.starts_with("COPY ") {
            return line.split([':', '：']).next().map(str::trim_end);
        }
        // a statement, or a document that cannot be read, is quoted with its values
        (!is_about_rows(db) || line.starts_with("PL/pgSQL ")).then_some(line)
    });
    let lines: Vec<&str> = lines.collect();
    (!lines.is_empty()).then(|| lines.join(" / "))
}

fn unquoted(text: &str) -> String {
    let first = text.char_indices().find(|(_, c)| QUOTES.contains(c));
    let last = text.char_indices().rfind(|(_, c)| QUOTES.contains(c));
    match (first, last) {
        (Some((first, quote)), Some((last, _))) if first < last => {
            format!("{}…{}", &text[..first + quote.len_utf8()], &text[last..])
        }
        _ => text.to_owned(),
    }
}

fn key(text: &str) -> Option<String> {
    let columns = text.find(")=(")?;
    let end = text.rfind(')').filter(|end| *end > columns + 2)?;
    Some(format!("{})=(…{}", &text[..columns], &text[end..]))
}

fn is_of_data(db: &DbError) -> bool {
    db.code().code().starts_with("22")
}

/// Data exceptions and violated constraints.
fn is_about_rows(db: &DbError) -> bool {
    is_of_data(db) || db.code().code().starts_with("23")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_go_in_any_language() {
        assert_eq!(
            unquoted("invalid input syntax for type integer: \"a\"b\""),
            "invalid input syntax for type integer: \"…\""
        );
        assert_eq!(
            unquoted("ungültige Eingabesyntax für Typ integer: »x«"),
            "ungültige Eingabesyntax für Typ integer: »…«"
        );
        assert_eq!(unquoted("division by zero"), "division by zero");
    }

    #[test]
    fn of_a_key_the_columns_stay() {
        let said = |text| key(text).unwrap_or_default();
        assert_eq!(said("Key (a, lower(b))=(1, x) already exists."), "Key (a, lower(b))=(…) already exists.");
        assert_eq!(said("Key (c)=([1,2)) conflicts with existing key (c)=([1,3))."), "Key (c)=(…).");
        assert_eq!(
            said("Key (p)=(77) is not present in table \"t\"."),
            "Key (p)=(…) is not present in table \"t\"."
        );
    }
}
