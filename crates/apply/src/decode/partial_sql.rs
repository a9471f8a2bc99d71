//! Partial SQL, as `pgq.sqltriga` writes it:
//! `(id,name) values ('1','a')`, `name=NULL,ok='f' where id='1'`, `id='1' and part='a b'`.

use std::borrow::Cow;

use super::urlencoded::Pairs;

/// Parses the text of an insert into its columns and values.
///
/// # Errors
/// What is wrong with the text, without quoting it.
pub(crate) fn insert(text: &str) -> Result<Pairs<'_>, String> {
    let mut sql = Scanner { rest: text };
    let mut names = Vec::new();
    sql.expect("(")?;
    loop {
        names.push(sql.name()?);
        if !sql.accept(",") {
            break;
        }
    }
    sql.expect(")")?;
    if !sql.accept_word("values") {
        return Err("partial SQL of an insert has no VALUES".to_owned());
    }
    sql.expect("(")?;
    let mut values = Vec::with_capacity(names.len());
    loop {
        values.push(sql.value()?);
        if !sql.accept(",") {
            break;
        }
    }
    sql.expect(")")?;
    sql.end()?;
    if names.len() != values.len() {
        return Err(format!("partial SQL names {} columns and has {} values", names.len(), values.len()));
    }
    Ok(names.into_iter().zip(values).collect())
}

/// Parses the text of an update into its assignments and its conditions.
///
/// # Errors
/// As [`insert`].
pub(crate) fn update(text: &str) -> Result<(Pairs<'_>, Pairs<'_>), String> {
    let mut sql = Scanner { rest: text };
    let mut assignments = Vec::new();
    loop {
        let name = sql.name()?;
        sql.expect("=")?;
        assignments.push((name, sql.value()?));
        if !sql.accept(",") {
            break;
        }
    }
    if !sql.accept_word("where") {
        return Err("partial SQL of an update has no WHERE".to_owned());
    }
    Ok((assignments, sql.conditions()?))
}

/// Parses the text of a delete into its conditions.
///
/// # Errors
/// As [`insert`].
pub(crate) fn delete(text: &str) -> Result<Pairs<'_>, String> {
    Scanner { rest: text }.conditions()
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn accept(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(token).map(|rest| self.rest = rest).is_some()
    }

    fn accept_word(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        let (head, tail) = self.rest.split_at(bare_length(self.rest));
        let found = head.eq_ignore_ascii_case(word);
        if found {
            self.rest = tail;
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.accept(token) { Ok(()) } else { Err(format!("partial SQL lacks a {token}")) }
    }

    fn end(&mut self) -> Result<(), String> {
        if self.rest.trim().is_empty() {
            Ok(())
        } else {
            Err("partial SQL goes on behind its end".to_owned())
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, String> {
        if self.accept("\"") {
            return self.quoted('"', false);
        }
        let (name, rest) = self.rest.split_at(bare_length(self.rest));
        if name.is_empty() {
            return Err("partial SQL lacks a column name".to_owned());
        }
        self.rest = rest;
        Ok(Cow::Borrowed(name))
    }

    fn value(&mut self) -> Result<Option<Cow<'a, str>>, String> {
        if self.accept("'") {
            return self.quoted('\'', false).map(Some);
        }
        if self.accept("E'") || self.accept("e'") {
            return self.quoted('\'', true).map(Some);
        }
        if self.accept_word("null") {
            return Ok(None);
        }
        let (bare, rest) = self.rest.split_at(bare_length(self.rest));
        if bare.is_empty() {
            return Err("partial SQL lacks a value".to_owned());
        }
        self.rest = rest;
        Ok(Some(Cow::Borrowed(bare)))
    }

    /// The rest of a quoted token whose opening quote has been read.
    fn quoted(&mut self, quote: char, escapes: bool) -> Result<Cow<'a, str>, String> {
        let mut out = Cow::Borrowed("");
        loop {
            let plain = self
                .rest
                .find(|c| c == quote || (escapes && c == '\\'))
                .ok_or_else(|| "partial SQL ends within quotes".to_owned())?;
            let (text, rest) = self.rest.split_at(plain);
            if out.is_empty() {
                out = Cow::Borrowed(text)
            } else {
                out.to_mut().push_str(text)
            }
            let mut next = rest.chars();
            if next.next() == Some('\\') {
                out.to_mut().push(match next.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some(c) if c.is_ascii_alphanumeric() => {
                        return Err("partial SQL has an escape that is not known".to_owned());
                    }
                    Some(c) => c,
                    None => return Err("partial SQL ends within an escape".to_owned()),
                });
                self.rest = next.as_str();
            } else if next.as_str().starts_with(quote) {
                out.to_mut().push(quote);
                self.rest = &next.as_str()[1..];
            } else {
                self.rest = next.as_str();
                return Ok(out);
            }
        }
    }

    fn conditions(&mut self) -> Result<Pairs<'a>, String> {
        let mut conditions = Vec::new();
        loop {
            let name = self.name()?;
            let value = if self.accept_word("is") {
                if !self.accept_word("null") {
                    return Err("partial SQL has an IS without NULL".to_owned());
                }
                None
            } else {
                self.expect("=")?;
                self.value()?
            };
            conditions.push((name, value));
            if !self.accept_word("and") {
                break;
            }
        }
        self.end()?;
        Ok(conditions)
    }
}

/// Length of the unquoted word at the beginning of `text`.
fn bare_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || "_$.+-".contains(c))).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::{Pairs, delete, insert, update};
    use proptest::prelude::*;

    fn plain(pairs: Pairs<'_>) -> Vec<(String, Option<String>)> {
        pairs.into_iter().map(|(n, v)| (n.into_owned(), v.map(|v| v.into_owned()))).collect()
    }

    fn pair(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn stock_examples() {
        let row =
            insert(r"(id,part,name,raw,x) values ('1','a b','O''Neil & co=x%',E'\\x00ff',NULL)").unwrap();
        assert_eq!(
            plain(row),
            [
                pair("id", Some("1")),
                pair("part", Some("a b")),
                pair("name", Some("O'Neil & co=x%")),
                pair("raw", Some(r"\x00ff")),
                pair("x", None)
            ]
        );
        let (set, key) = update("name=NULL,ok='f' where id='1' and part='a b'").unwrap();
        assert_eq!(plain(set), [pair("name", None), pair("ok", Some("f"))]);
        assert_eq!(plain(key), [pair("id", Some("1")), pair("part", Some("a b"))]);
        assert_eq!(
            plain(delete("id='1' and \"A \"\"b\"=''").unwrap()),
            [pair("id", Some("1")), pair("A \"b", Some(""))]
        );
    }

    #[test]
    fn malformed_text_is_an_error() {
        for text in [
            "",
            "(a) values ('1'",
            "(a) values ('1)",
            "(a,b) values ('1')",
            "(a) ('1')",
            "(a) values ('1') x",
        ] {
            assert!(insert(text).is_err(), "{text}");
        }
        for text in ["", "a='1'", "a where b='1'", "a='1' where", "a=E'\\", "a=E'\\x41' where b='1'"] {
            assert!(update(text).is_err(), "{text}");
        }
        for text in ["", "a", "a=", "a='1' and", "a='1' or b='1'", "a is 1"] {
            assert!(delete(text).is_err(), "{text}");
        }
    }

    fn literal(value: &Option<String>) -> String {
        match value {
            None => "NULL".to_owned(),
            Some(v) if v.contains('\\') => format!("E'{}'", v.replace('\\', "\\\\").replace('\'', "''")),
            Some(v) => format!("'{}'", v.replace('\'', "''")),
        }
    }

    fn ident(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(
            set in prop::collection::vec((any::<String>(), prop::option::of("[a'\"\\\\=, ö\n]{0,8}")), 1..5),
            key in prop::collection::vec((any::<String>(), prop::option::of(any::<String>())), 1..3),
        ) {
            let names: Vec<_> = set.iter().map(|(n, _)| ident(n)).collect();
            let values: Vec<_> = set.iter().map(|(_, v)| literal(v)).collect();
            let text = format!("({}) values ({})", names.join(","), values.join(","));
            prop_assert_eq!(&plain(insert(&text).unwrap()), &set);

            let assignments: Vec<_> = set.iter().map(|(n, v)| format!("{}={}", ident(n), literal(v))).collect();
            let conditions: Vec<_> = key.iter().map(|(n, v)| match v {
                None => format!("{} is null", ident(n)),
                v => format!("{}={}", ident(n), literal(v)),
            }).collect();
            let text = format!("{} where {}", assignments.join(","), conditions.join(" and "));
            let (got_set, got_key) = update(&text).unwrap();
            prop_assert_eq!(plain(got_set), set);
            prop_assert_eq!(plain(got_key), key);
        }

        #[test]
        fn nothing_panics(text in "[a=',E\\\\ ()\"ö]{0,20}") {
            let _ = (insert(&text), update(&text), delete(&text));
        }
    }
}
