//! JSON rows, as `pgq.jsontriga` writes them. Numbers are taken as their text, never through a float.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::urlencoded::Pairs;

/// The `ev_type` of a JSON event.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub(crate) op: String,
    #[serde(default)]
    pub(crate) table: Vec<String>,
    #[serde(default)]
    pub(crate) pkey: Vec<String>,
}

/// Parses a JSON object into its members.
///
/// # Errors
/// What is wrong with the text, without quoting it.
pub(crate) fn parse(text: &str) -> Result<Pairs<'_>, String> {
    let object: Object<'_> = serde_json::from_str(text)
        .map_err(|e| format!("row is not a JSON object (column {})", e.column()))?;
    Ok(object.0)
}

struct Object<'a>(Pairs<'a>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
            pairs.push((name, text(value.get()).map_err(A::Error::custom)?));
        }
        Ok(Object(pairs))
    }
}

/// The text that the column's type reads: strings unescaped, anything else (numbers, booleans, nested JSON) as it
/// stands.
fn text(raw: &str) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(raw).map(|s| Some(Cow::Owned(s))),
        Some(b'n') => Ok(None),
        _ => Ok(Some(Cow::Borrowed(raw))),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    #[test]
    fn values_keep_their_text() {
        let row = parse(concat!(
            r#"{"id":12345678901234567890123,"f": 1.10,"s":"9.50 \"x\" é","ok":true,"n":null,"#,
            r#""j":{"k": [1, null]},"e":""}"#,
        ))
        .unwrap();
        let row: Vec<_> = row.iter().map(|(n, v)| (&**n, v.as_deref())).collect();
        assert_eq!(
            row,
            [
                ("id", Some("12345678901234567890123")),
                ("f", Some("1.10")),
                ("s", Some("9.50 \"x\" é")),
                ("ok", Some("true")),
                ("n", None),
                ("j", Some(r#"{"k": [1, null]}"#)),
                ("e", Some("")),
            ]
        );
    }

    #[test]
    fn malformed_text_is_an_error() {
        for text in ["", "[]", "1", "{", r#"{"a"}"#, r#"{"a":1"#, r#"{"a":"x}"#, r#"{"a":1} x"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(
            row in prop::collection::vec((any::<String>(), prop::option::of(any::<String>())), 0..6),
        ) {
            let json = |s: &str| serde_json::to_string(s).unwrap();
            let members: Vec<_> = row.iter().map(|(n, v)| match v {
                Some(v) => format!("{}:{}", json(n), json(v)),
                None => format!("{}: null", json(n)),
            }).collect();
            let text = format!("{{{}}}", members.join(", "));
            let parsed: Vec<_> = parse(&text).unwrap().into_iter()
                .map(|(n, v)| (n.into_owned(), v.map(|v| v.into_owned()))).collect();
            prop_assert_eq!(parsed, row);
        }
    }
}
