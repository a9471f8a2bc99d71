//! Parameters of statements on the wire.

use std::error::Error;
use std::fmt::Write as _;

use bytes::BytesMut;
use pg::raw::{self, Raw};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A parameter as it goes over the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// `None`: SQL NULL. The error is that of a value that is too large.
    value: Result<Option<BytesMut>, String>,
    is_text: bool,
}

impl Parameter {
    /// An array of texts.
    pub(crate) fn texts(texts: &[Option<&str>]) -> Parameter {
        let raw: Vec<Option<Raw<'_>>> = texts.iter().map(|text| text.map(Raw)).collect();
        let size: usize = texts.iter().map(|text| text.map_or(4, |text| text.len() + 4)).sum();
        let mut out = BytesMut::with_capacity(size + 20);
        let written = raw.to_sql(&Type::TEXT_ARRAY, &mut out);
        Parameter { value: written.map(|_| Some(out)).map_err(|e| e.to_string()), is_text: false }
    }

    /// A value as text that the server reads as the parameter's type, whichever that is.
    pub(crate) fn text(text: Option<&str>) -> Parameter {
        Parameter { value: Ok(text.map(|text| BytesMut::from(&*raw::bytes(text)))), is_text: true }
    }

    /// Texts as elements of an array of their type.
    pub(crate) fn elements(texts: &[Option<&str>], delimiter: char) -> Parameter {
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
        Parameter::text(Some(&literal))
    }

    /// Texts as a JSON array of objects with a field `v`.
    pub(crate) fn objects(texts: &[Option<&str>]) -> Parameter {
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
        Parameter::text(Some(&literal))
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.value {
            Ok(Some(bytes)) => out.extend_from_slice(bytes),
            Ok(None) => return Ok(IsNull::Yes),
            Err(error) => return Err(error.as_str().into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        if self.is_text { Format::Text } else { Format::Binary }
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::Parameter;

    fn text_of(parameter: Parameter) -> String {
        let bytes = parameter.value.unwrap().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn elements_keep_what_has_a_meaning_in_arrays() {
        let texts = [Some("a"), None, Some(""), Some("x\"y\\z"), Some("{b,\n}"), Some("NULL")];
        let literal = r#"{"a",NULL,"","x\"y\\z","{b,
}","NULL"}"#;
        assert_eq!(text_of(Parameter::elements(&texts, ',')), literal);
        assert_eq!(text_of(Parameter::elements(&texts[..2], ';')), r#"{"a";NULL}"#);
        assert_eq!(text_of(Parameter::elements(&[], ',')), "{}");
    }

    #[test]
    fn objects_are_json() {
        let texts = [Some("ü\"\\\n\u{1}"), None, Some("")];
        let literal = text_of(Parameter::objects(&texts));
        let read: Vec<std::collections::HashMap<String, Option<String>>> =
            serde_json::from_str(&literal).unwrap();
        let values: Vec<Option<&str>> = read.iter().map(|object| object["v"].as_deref()).collect();
        assert_eq!(values, texts);
    }
}
