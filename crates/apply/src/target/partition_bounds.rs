//! Bounds of a partition of the source's table, for a target whose table may be partitioned otherwise.
//!
//! Bounds arrive as PostgreSQL prints them. Their values are taken out here, and reach the target as parameters for the
//! input functions of its columns' types: nothing of the text is ever part of a statement.

use serde::Deserialize;

/// One level of a partitioned table: how it is partitioned, and the bound of the partition that leads to the one meant.
#[derive(Debug, Deserialize)]
pub(crate) struct Level {
    /// `r`, `l` or `h`.
    pub(crate) by: String,
    pub(crate) key: Vec<Key>,
    /// The key's definition, where it has expressions.
    pub(crate) expressions: Option<String>,
    pub(crate) bound: String,
    /// Bounds of all other partitions, where this is the default one.
    pub(crate) others: Option<Vec<String>>,
}

/// One column of a partition key.
#[derive(Debug, Deserialize)]
pub(crate) struct Key(
    /// Its name; `None` for an expression.
    pub(crate) Option<String>,
    /// Its type on the source, `schema.type`.
    pub(crate) Option<String>,
    /// Identity of its collation, where that matters.
    pub(crate) Option<String>,
    /// Its operator class, where it is not the default one.
    pub(crate) Option<String>,
    /// Its type modifier on the source; -1 for none.
    pub(crate) i32,
);

/// One value of a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Datum {
    Min,
    Max,
    Null,
    Value(String),
}

/// A bound as PostgreSQL prints it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// From the first values on, to the others without them.
    Range(Vec<Datum>, Vec<Datum>),
    List(Vec<Datum>),
    /// Modulus and remainder.
    Hash(i32, i32),
    Default,
}

/// Reads the description of a partition, the uppermost level first.
pub(crate) fn levels(bounds: &str) -> Result<Vec<Level>, String> {
    let levels: Vec<Level> =
        serde_json::from_str(bounds).map_err(|error| format!("its bounds are damaged: {error}"))?;
    if levels.is_empty() { Err("its bounds are missing".to_owned()) } else { Ok(levels) }
}

impl Level {
    /// Equal descriptions mean equal rows in another database.
    pub(crate) fn is_comparable(&self) -> bool {
        let built_in = |key: &Key| key.1.as_deref().is_none_or(|name| name.starts_with("pg_catalog."));
        self.by == "l" || self.key.iter().all(built_in)
    }
}

impl Bound {
    /// Reads one bound; `None` where it is not as PostgreSQL prints them.
    pub(crate) fn parse(text: &str) -> Option<Bound> {
        if text == "DEFAULT" {
            return Some(Bound::Default);
        }
        let rest = text.strip_prefix("FOR VALUES ")?;
        if let Some(rest) = rest.strip_prefix("IN ") {
            let (values, rest) = datums(rest)?;
            return rest.is_empty().then_some(Bound::List(values));
        }
        if let Some(rest) = rest.strip_prefix("FROM ") {
            let (from, rest) = datums(rest)?;
            let (to, rest) = datums(rest.strip_prefix(" TO ")?)?;
            return (rest.is_empty() && from.len() == to.len()).then_some(Bound::Range(from, to));
        }
        let rest = rest.strip_prefix("WITH (modulus ")?.strip_suffix(')')?;
        let (modulus, remainder) = rest.split_once(", remainder ")?;
        Some(Bound::Hash(modulus.parse().ok()?, remainder.parse().ok()?))
    }
}

/// A list of values in parentheses, and what follows it.
fn datums(text: &str) -> Option<(Vec<Datum>, &str)> {
    let mut rest = text.strip_prefix('(')?;
    let mut values = Vec::new();
    loop {
        let (value, after) = datum(rest)?;
        values.push(value);
        if let Some(end) = after.strip_prefix(')') {
            return Some((values, end));
        }
        rest = after.strip_prefix(", ")?;
    }
}

fn datum(text: &str) -> Option<(Datum, &str)> {
    // values of bit types have a letter before the quote
    if let Some(mut rest) = text.strip_prefix("B'").or_else(|| text.strip_prefix('\'')) {
        let mut value = String::new();
        loop {
            let quote = rest.find('\'')?;
            value.push_str(&rest[..quote]);
            rest = &rest[quote + 1..];
            match rest.strip_prefix('\'') {
                Some(after) => rest = after,
                None => return Some((Datum::Value(value), rest)),
            }
            value.push('\'');
        }
    }
    let end = text.find([',', ')'])?;
    let (word, rest) = text.split_at(end);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
    let value = match word {
        "MINVALUE" => Datum::Min,
        "MAXVALUE" => Datum::Max,
        "NULL" => Datum::Null,
        "true" | "false" => Datum::Value(word.to_owned()),
        number
            if number.starts_with(|c: char| c.is_ascii_digit() || c == '.') && number.chars().all(plain) =>
        {
            Datum::Value(number.to_owned())
        }
        _ => return None,
    };
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::{Bound, Datum};

    fn value(text: &str) -> Datum {
        Datum::Value(text.to_owned())
    }

    #[test]
    fn bounds_are_read_as_printed() {
        let read = |text: &str| Bound::parse(text);
        assert_eq!(read("DEFAULT"), Some(Bound::Default));
        assert_eq!(read("FOR VALUES WITH (modulus 4, remainder 3)"), Some(Bound::Hash(4, 3)));
        assert_eq!(
            read("FOR VALUES IN (1, '-5', NULL, 'O''Neil, (x)', true, 1.5, B'01')"),
            Some(Bound::List(vec![
                value("1"),
                value("-5"),
                Datum::Null,
                value("O'Neil, (x)"),
                value("true"),
                value("1.5"),
                value("01")
            ]))
        );
        assert_eq!(
            read("FOR VALUES FROM ('2026-01-01', MINVALUE) TO ('2026-02-01', MAXVALUE)"),
            Some(Bound::Range(vec![value("2026-01-01"), Datum::Min], vec![value("2026-02-01"), Datum::Max]))
        );
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "FOR VALUES",
            "FOR VALUES IN ()",
            "FOR VALUES IN (1",
            "FOR VALUES IN ('a)",
            "FOR VALUES IN (1) or true",
            "FOR VALUES IN (now())",
            "FOR VALUES FROM (1) TO (2, 3)",
            "FOR VALUES WITH (modulus 4, remainder x)",
        ] {
            assert_eq!(Bound::parse(text), None, "{text}");
        }
    }
}
