//! Urlencoded rows, as `pgq.logutriga` writes them: `id=1&name=O%27Neil+x&note` (a bare name is SQL NULL).

use std::borrow::Cow;

/// Names and values in the order of the text.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>;

/// Parses an urlencoded row.
///
/// # Errors
/// What is wrong with the text, without quoting it.
pub(crate) fn parse(text: &str) -> Result<Pairs<'_>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((unescape(name)?, Some(unescape(value)?))),
            None => Ok((unescape(pair)?, None)),
        })
        .collect()
}

fn unescape(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.bytes().any(|b| matches!(b, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let raw = pg::raw::bytes(text);
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| (b as char).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err("urlencoded text has a % without two hexadecimal digits".to_owned()),
                }
            }
            other => other,
        });
    }
    Ok(Cow::Owned(pg::raw::text(out)))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    #[test]
    fn stock_example() {
        let row =
            parse("id=1&part=a+b&name=O%27Neil+%26+co%3dx%25&price&tags=%7bx%2c%22y+z%22%7d&e=").unwrap();
        let row: Vec<_> = row.iter().map(|(n, v)| (&**n, v.as_deref())).collect();
        assert_eq!(
            row,
            [
                ("id", Some("1")),
                ("part", Some("a b")),
                ("name", Some("O'Neil & co=x%")),
                ("price", None),
                ("tags", Some("{x,\"y z\"}")),
                ("e", Some("")),
            ]
        );
    }

    #[test]
    fn malformed_text_is_an_error() {
        for text in ["a=%", "a=%4", "a=%zz", "%=1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    fn encode(text: &str) -> String {
        text.bytes()
            .map(|b| match b {
                b' ' => "+".to_owned(),
                b if b.is_ascii_alphanumeric() => (b as char).to_string(),
                b => format!("%{b:02x}"),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(
            row in prop::collection::vec((any::<String>(), prop::option::of(any::<String>())), 2..6),
        ) {
            let text: Vec<_> = row.iter().map(|(n, v)| match v {
                Some(v) => format!("{}={}", encode(n), encode(v)),
                None => encode(n),
            }).collect();
            let text = text.join("&");
            let parsed: Vec<_> = parse(&text).unwrap().into_iter()
                .map(|(n, v)| (n.into_owned(), v.map(|v| v.into_owned()))).collect();
            prop_assert_eq!(parsed, row);
        }

        #[test]
        fn nothing_panics(text in "[a=&%+0ö]{0,20}") {
            let _ = parse(&text);
        }
    }
}
