//! Record text, PostgreSQL's output of a composite value: `(1,"a ""b""",,"")`.

use crate::values::Values;

/// Parses record text of `columns` columns.
///
/// # Errors
/// What is wrong with the text, without quoting it.
pub(crate) fn parse(text: &str, columns: usize) -> Result<Values, String> {
    let inner = text
        .trim_start()
        .strip_prefix('(')
        .ok_or_else(|| "record text does not begin with a parenthesis".to_owned())?;
    let mut values = Values::with_capacity(columns, inner.len());
    let rest = if columns == 0 { inner } else { fields(inner, &mut values)? };
    let rest = rest.strip_prefix(')').ok_or_else(|| "record text ends within a value".to_owned())?;
    if !rest.trim_end().is_empty() {
        return Err("record text goes on behind its closing parenthesis".to_owned());
    }
    if values.len() != columns {
        return Err(format!("record text has {} columns, its shape has {columns}", values.len()));
    }
    Ok(values)
}

/// Reads values up to the closing parenthesis, which stays in what is returned.
fn fields<'a>(mut rest: &'a str, values: &mut Values) -> Result<&'a str, String> {
    loop {
        rest = match rest.as_bytes().first() {
            Some(b',' | b')') => {
                values.push(None);
                rest
            }
            _ => field(rest, values)?,
        };
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(rest),
        }
    }
}

fn field<'a>(mut rest: &'a str, values: &mut Values) -> Result<&'a str, String> {
    let out = values.open();
    let mut quoted = false;
    loop {
        let plain = rest
            .bytes()
            .position(|b| matches!(b, b'"' | b'\\') || (!quoted && matches!(b, b',' | b')')))
            .unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let mut next = rest.chars();
        match next.next() {
            None => return Err("record text ends within a value".to_owned()),
            Some('\\') => {
                let escaped = next.next().ok_or_else(|| "record text ends within an escape".to_owned())?;
                out.push(escaped);
                rest = next.as_str();
            }
            Some('"') => {
                rest = next.as_str();
                if quoted && rest.starts_with('"') {
                    out.push('"');
                    rest = &rest[1..];
                } else {
                    quoted = !quoted;
                }
            }
            Some(_) => break,
        }
    }
    values.close();
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    fn row(text: &str, columns: usize) -> Vec<Option<String>> {
        parse(text, columns).unwrap().iter().map(|v| v.map(str::to_owned)).collect()
    }

    #[test]
    fn null_empty_quotes_and_backslashes() {
        let values = row(r#"(1,"a ""b""",,"","c\\d",\,\),"x,y (z)")"#, 7);
        let expected =
            [Some("1"), Some("a \"b\""), None, Some(""), Some("c\\d"), Some(",)"), Some("x,y (z)")];
        assert_eq!(values, expected.map(|v| v.map(str::to_owned)));
        assert_eq!(row("()", 1), vec![None]);
        assert_eq!(row("()", 0), Vec::<Option<String>>::new());
        assert_eq!(row("(,)", 2), vec![None, None]);
    }

    #[test]
    fn malformed_text_is_an_error() {
        for text in ["", "1,2", "(1,2", "(1,\"2)", "(1,2\\", "(1,2)x", "(1)", "(1,2,3)", "("] {
            assert!(parse(text, 2).is_err(), "{text}");
        }
        assert!(parse("(1)", 0).is_err());
    }

    /// As record_out writes: quoted where needed, quotes and backslashes doubled.
    fn encode(values: &[Option<String>]) -> String {
        let field = |v: &Option<String>| match v {
            None => String::new(),
            Some(v) => {
                let quote =
                    v.is_empty() || v.contains(|c: char| "\"\\(),".contains(c) || c.is_ascii_whitespace());
                let body = v.replace('\\', "\\\\").replace('"', "\"\"");
                if quote { format!("\"{body}\"") } else { body }
            }
        };
        format!("({})", values.iter().map(field).collect::<Vec<_>>().join(","))
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(values in prop::collection::vec(
            prop::option::of(prop_oneof!["[a-c\"\\\\,() \n]{0,8}", any::<String>()]), 1..8)) {
            prop_assert_eq!(row(&encode(&values), values.len()), values);
        }

        #[test]
        fn nothing_panics(text in "[(),\"\\\\aö ]{0,20}", columns in 0usize..4) {
            let _ = parse(&text, columns);
        }
    }
}
