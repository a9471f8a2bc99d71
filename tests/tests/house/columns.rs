//! Columns: no line of Rust, SQL or prose has more than 120 of them.

use super::repository::tracked_texts;

const MOST: usize = 120;

/// Files that nobody lays out here, by the beginning of their paths, with the reason.
const LEFT_OUT: [(&str, &str); 3] = [
    ("tests/fixtures/", "the SQL of older versions, as it was released"),
    ("tests/tests/capture/golden/", "printed by the functions of sql/londiste_rs/capture and sql/pgq"),
    ("tests/tests/stock/conformance/steps/", "calls in a row for two servers, most of them one a line"),
];

#[test]
fn no_line_of_rust_or_sql_has_more_than_120_columns() {
    let texts = tracked_texts();
    let ours: Vec<_> = texts
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "rs" || end == "sql"))
        .filter(|(path, _)| !LEFT_OUT.iter().any(|(left_out, _)| path.starts_with(left_out)))
        .collect();
    assert!(ours.len() > 900, "{} files", ours.len());
    for (left_out, reason) in LEFT_OUT {
        assert!(
            texts.iter().any(|(path, _)| path.starts_with(left_out)),
            "nothing is in {left_out}: {reason}"
        );
    }
    let found: Vec<String> = ours
        .iter()
        .flat_map(|(path, text)| text.lines().enumerate().map(move |(at, line)| (path, at + 1, line)))
        .filter(|(_, _, line)| line.chars().count() > MOST)
        .map(|(path, at, line)| format!("{}:{at}: {line}", path.display()))
        .collect();
    assert!(found.is_empty(), "break these, a text by \\ at the end of its line: {found:#?}");
}

/// Tables have one line for each row, and commands stay as they are typed.
#[test]
fn no_line_of_prose_has_more_than_120_columns() {
    let texts = tracked_texts();
    let pages = texts.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "md"));
    let mut found = Vec::new();
    let mut lines = 0;
    for (path, text) in pages {
        let mut is_code = false;
        for (at, line) in text.lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            lines += 1;
            let is_prose = !is_code && !line.starts_with("    ") && !line.trim_start().starts_with('|');
            if is_prose && line.chars().count() > MOST {
                found.push(format!("{}:{}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(lines > 3000 && found.is_empty(), "{lines} lines; break these: {found:#?}");
}
