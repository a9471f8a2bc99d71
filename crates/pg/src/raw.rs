//! Text of databases that know no encoding (`SQL_ASCII`), as Rust strings that lose nothing.
//!
//! A byte that belongs to no UTF-8 character is kept as one of 128 private characters, U+10FF80 to U+10FFFF; so are the
//! bytes of such a character itself where a value has one. `bytes` gives back exactly what [`text`] was made of.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// The private character of byte 0; only those of bytes from 0x80 are used.
const BASE: u32 = 0x0010_FF00;
/// First byte of every private character.
const LEAD: u8 = 0xF4;

/// A string of any bytes.
pub fn text(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !text.as_bytes().contains(&LEAD) => return text,
        Ok(text) if !text.chars().any(|c| kept(c).is_some()) => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut made = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match kept(character) {
                Some(_) => made.extend(character.encode_utf8(&mut [0; 4]).bytes().map(keep)),
                None => made.push(character),
            }
        }
        made.extend(chunk.invalid().iter().copied().map(keep));
    }
    made
}

/// The bytes that the string stands for.
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.as_bytes().contains(&LEAD) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut made = Vec::with_capacity(text.len());
    for character in text.chars() {
        match kept(character) {
            Some(byte) => made.push(byte),
            None => made.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(made)
}

/// The same for people: kept bytes as `\xE9`.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&LEAD) {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    for character in text.chars() {
        match kept(character) {
            Some(byte) => made.push_str(&format!("\\x{byte:02X}")),
            None => made.push(character),
        }
    }
    Cow::Owned(made)
}

fn keep(byte: u8) -> char {
    char::from_u32(BASE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn kept(character: char) -> Option<u8> {
    let byte = u32::from(character).checked_sub(BASE)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// A value as its bytes, for a parameter of type text.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a str);

impl ToSql for Raw<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&bytes(self.0));
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        <&str as ToSql>::accepts(of)
    }

    to_sql_checked!();
}

/// A value of type text or bytea, whatever its bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawText(pub String);

impl<'a> FromSql<'a> for RawText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(RawText(text(raw.to_vec())))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::BYTEA || <&str as FromSql>::accepts(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let samples: [&[u8]; 5] =
            [b"plain", "žluť …".as_bytes(), b"caf\xe9 \xc3", "\u{10FFE9}x\u{10FF7F}".as_bytes(), &all];
        for sample in samples {
            assert_eq!(*bytes(&text(sample.to_vec())), *sample);
        }
        assert_eq!(text("žluť".into()), "žluť");
        assert_eq!(shown(&text(b"caf\xe9".to_vec())), "caf\\xE9");
    }
}
