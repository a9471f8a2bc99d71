//! Values that the target's encoding has no room for.

use tokio_postgres::error::SqlState;

use crate::Row;

/// What to do about one.
pub(crate) const REMEDY: &str = "the target's database stores texts in another encoding \
                                 (show server_encoding on both sides): change the value on \
     the source and resync the table, or replicate into a database with encoding UTF8";

/// The server could not convert a text, or did not take its bytes for text.
pub(crate) fn is_about_encoding(code: &SqlState) -> bool {
    matches!(code.code(), "22021" | "22P05")
}

/// The server's message, which names bytes and encodings, with the columns of the row whose values hold these bytes.
pub(crate) fn message(said: &str, row: Option<&Row>) -> String {
    let bytes = bytes(said);
    let holds = |value: &str| pg::raw::bytes(value).windows(bytes.len()).any(|part| part == bytes);
    let Some(row) = row.filter(|_| !bytes.is_empty()) else { return said.to_owned() };
    let columns: Vec<&str> = row
        .columns
        .names
        .iter()
        .enumerate()
        .filter(|(at, _)| row.values.get(*at).is_some_and(holds))
        .map(|(_, name)| name.as_str())
        .collect();
    if columns.is_empty() { said.to_owned() } else { format!("column {}: {said}", columns.join(", ")) }
}

/// The bytes in a message, in every language: `0xe2 0x80 0xa6`.
fn bytes(said: &str) -> Vec<u8> {
    let words = said.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::message;
    use crate::{Columns, Row};

    #[test]
    fn the_column_is_named() {
        let names = vec!["id".to_owned(), "name".to_owned()];
        let columns = Arc::new(Columns { names, key: vec![0], pinned: true, left_out: Vec::new() });
        let kept = pg::raw::text(b"caf\xe9 au lait".to_vec());
        let row = |value: &str| Row {
            columns: Arc::clone(&columns),
            values: [Some("1"), Some(value)].into_iter().collect(),
        };
        let said = "character with byte sequence 0xe2 0x80 0xa6 in encoding \"UTF8\" has no equivalent \
                    in encoding \"LATIN1\"";
        assert!(message(said, Some(&row("a …"))).starts_with("column name: character"));
        let said = r#"invalid byte sequence for encoding "UTF8": 0xe9 0x20 0x61"#;
        assert!(message(said, Some(&row(&kept))).starts_with("column name: invalid"));
        assert_eq!(message(said, Some(&row("other"))), said);
    }
}
