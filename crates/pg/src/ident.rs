//! Names and literals, written so that SQL reads them back as they are.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// One identifier. `Display` quotes it, always.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ident(String);

impl Ident {
    /// The identifier of this very name: nothing is folded, nothing unquoted.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A table, sequence or function in its schema. `Display` is `"schema"."name"`, for SQL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct QualifiedName {
    /// The schema's name, unquoted.
    pub schema: String,
    /// The object's own name, unquoted.
    pub name: String,
}

impl QualifiedName {
    /// The name of an object in a schema, both taken literally.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// Reads a name as users give it: `schema.name`, or `name` for `public.name`. Each part is literal (no folding to
    /// lower case, as in the queue's own names), or in double quotes as in SQL.
    ///
    /// # Errors
    /// A part is empty or its quotes do not match.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let (first, rest) = part(text).ok_or_else(|| bad(text))?;
        match rest {
            None => Ok(Self::new("public", first)),
            Some(rest) if rest.starts_with('"') => match part(rest) {
                Some((name, None)) => Ok(Self::new(first, name)),
                _ => Err(bad(text)),
            },
            Some("") => Err(bad(text)),
            Some(rest) => Ok(Self::new(first, rest)),
        }
    }

    /// Reads the name at the beginning of what SQL's `format('%I.%I')` wrote: of a table, or of one of its columns.
    pub fn leading(text: &str) -> Option<Self> {
        let (schema, rest) = part(text)?;
        let (name, _) = part(rest?)?;
        Some(Self::new(schema, name))
    }

    /// `schema.name` without quotes, as the SQL API and `ev_extra1` hold it.
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// All that `plain` may have been written for, the likeliest (see [`QualifiedName::from_plain`]) first.
    pub fn readings(text: &str) -> impl Iterator<Item = Self> {
        let others =
            text.match_indices('.').skip(1).map(|(dot, _)| Self::new(&text[..dot], &text[dot + 1..]));
        std::iter::once(Self::from_plain(text)).chain(others)
    }

    /// Reads what `plain` wrote: the first dot ends the schema; without a dot the schema is `public`.
    pub fn from_plain(text: &str) -> Self {
        let (schema, name) = text.split_once('.').unwrap_or(("public", text));
        Self::new(schema, name)
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\".\"{}\"", self.schema.replace('"', "\"\""), self.name.replace('"', "\"\""))
    }
}

impl FromStr for QualifiedName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// The first part of a name, and what follows its dot.
fn part(text: &str) -> Option<(String, Option<&str>)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (name, rest) = text.split_once('.').map_or((text, None), |(name, rest)| (name, Some(rest)));
        return (!name.is_empty()).then(|| (name.to_owned(), rest));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (before, behind) = rest.split_once('"')?;
        name.push_str(before);
        match behind.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => {
                let rest = if behind.is_empty() { None } else { Some(behind.strip_prefix('.')?) };
                return (!name.is_empty()).then_some((name, rest));
            }
        }
    }
}

fn bad(text: &str) -> Error {
    Error::Unexpected(format!("\"{text}\" is not a name (schema.name, or \"schema\".\"name\" in quotes)"))
}

/// A string literal, right with `standard_conforming_strings` on or off.
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    match doubled.contains('\\') {
        true => format!("E'{}'", doubled.replace('\\', "\\\\")),
        false => format!("'{doubled}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_users_give_them() {
        for (text, schema, name) in [
            ("t", "public", "t"),
            ("s.t", "s", "t"),
            ("Shop.Order Item", "Shop", "Order Item"),
            ("s.a.b", "s", "a.b"),
            ("\"a.b\".\"c.\"\"d\"", "a.b", "c.\"d"),
            ("\"A\".b", "A", "b"),
            ("a.\"B\"", "a", "B"),
            ("\"T\"", "public", "T"),
        ] {
            assert_eq!(QualifiedName::parse(text).unwrap(), QualifiedName::new(schema, name), "{text}");
        }
        for text in ["", ".", "a.", ".b", "\"a", "\"a\"b", "\"\".b", "a.\"b\"c", "a.\"b\".\"c\""] {
            assert!(QualifiedName::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn quoted_names_come_back(schema in ".+", name in ".+") {
            let written = QualifiedName::new(schema, name);
            proptest::prop_assert_eq!(QualifiedName::parse(&written.to_string()).unwrap(), written);
        }
    }

    #[test]
    fn the_first_dot_ends_the_schema() {
        assert_eq!(QualifiedName::from_plain("s.a.b"), QualifiedName::new("s", "a.b"));
        assert_eq!(QualifiedName::from_plain("s.a.b").plain(), "s.a.b");
        assert_eq!(QualifiedName::from_plain("t"), QualifiedName::new("public", "t"));
        let readings: Vec<_> = QualifiedName::readings("a.b.c").collect();
        assert_eq!(readings, [QualifiedName::new("a", "b.c"), QualifiedName::new("a.b", "c")]);
        assert_eq!(QualifiedName::readings("t").count(), 1);
    }

    #[test]
    fn literals_escape_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"\'"), r"E'\\'''");
    }
}
