//! Parameters of statements on the wire.

use std::error::Error;
use std::fmt::Write as _;

use bytes::BytesMut;
use pg::raw::{self, Raw};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// The values of one column, of several rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Array<'a> {
    /// An array of texts.
    Texts(Vec<Option<&'a str>>),
    /// Text that the server reads as the parameter's type.
    Literal(String),
}

/// A value as text that the server reads as the parameter's type, whichever that is.
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(crate) Option<&'a str>);

impl<'a> Array<'a> {
    /// The texts as elements of an array of their type.
    pub(crate) fn elements(texts: &[Option<&'a str>], delimiter: char) -> Array<'a> {
        let size: usize = texts.iter().map(|text| text.map_or(5, |text| text.len() + 3)).sum();
        let mut literal = String::with_capacity(size + 2);
        literal.push('{');
        for (at, text) in texts.iter().enumerate() {
            if at > 0 {
                literal.push(delimiter);
            }
            let Some(text) = text else {
                literal.push_str("NULL");
                continue;
            };
            literal.push('"');
            for piece in text.split_inclusive(['"', '\\']) {
                match piece.strip_suffix(['"', '\\']) {
                    Some(before) => {
                        literal.push_str(before);
                        literal.push('\\');
                        literal.push_str(&piece[before.len()..]);
                    }
                    None => literal.push_str(piece),
                }
            }
            literal.push('"');
        }
        literal.push('}');
        Array::Literal(literal)
    }

    /// The texts as a JSON array of objects with a field `v`.
    pub(crate) fn objects(texts: &[Option<&'a str>]) -> Array<'a> {
        let mut literal = "[".to_owned();
        for (at, text) in texts.iter().enumerate() {
            literal.push_str(if at > 0 { ",{\"v\":" } else { "{\"v\":" });
            match text {
                None => literal.push_str("null"),
                Some(text) => {
                    literal.push('"');
                    for character in text.chars() {
                        match character {
                            '"' | '\\' => literal.extend(['\\', character]),
                            '\0'..'\x20' => {
                                let _ = write!(literal, "\\u{:04x}", u32::from(character));
                            }
                            _ => literal.push(character),
                        }
                    }
                    literal.push('"');
                }
            }
            literal.push('}');
        }
        literal.push(']');
        Array::Literal(literal)
    }
}

impl ToSql for Array<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Array::Texts(texts) => {
                let raw: Vec<Option<Raw<'_>>> = texts.iter().map(|text| text.map(Raw)).collect();
                raw.to_sql_checked(ty, out)
            }
            Array::Literal(literal) => {
                out.extend_from_slice(&raw::bytes(literal));
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self {
            Array::Texts(_) => Format::Binary,
            Array::Literal(_) => Format::Text,
        }
    }

    to_sql_checked!();
}

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(&raw::bytes(text));
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::Array;

    #[test]
    fn elements_keep_what_has_a_meaning_in_arrays() {
        let texts = [Some("a"), None, Some(""), Some("x\"y\\z"), Some("{b,\n}"), Some("NULL")];
        let literal = r#"{"a",NULL,"","x\"y\\z","{b,
}","NULL"}"#;
        assert_eq!(Array::elements(&texts, ','), Array::Literal(literal.to_owned()));
        assert_eq!(Array::elements(&texts[..2], ';'), Array::Literal(r#"{"a";NULL}"#.to_owned()));
        assert_eq!(Array::elements(&[], ','), Array::Literal("{}".to_owned()));
    }

    #[test]
    fn objects_are_json() {
        let texts = [Some("ü\"\\\n\u{1}"), None, Some("")];
        let Array::Literal(literal) = Array::objects(&texts) else { panic!("a literal") };
        let read: Vec<std::collections::HashMap<String, Option<String>>> =
            serde_json::from_str(&literal).unwrap();
        let values: Vec<Option<&str>> = read.iter().map(|object| object["v"].as_deref()).collect();
        assert_eq!(values, texts);
    }
}
