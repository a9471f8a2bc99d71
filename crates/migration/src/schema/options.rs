//! What of a schema is compared and taken over, and under which names.

use std::collections::BTreeMap;
use std::str::FromStr;

/// Names and what they are on the other side: `OLD=NEW`, commas between pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameMap(pub BTreeMap<String, String>);

impl NameMap {
    /// One pair. NEW may be empty.
    ///
    /// # Errors
    /// It is none.
    pub fn pair(text: &str) -> Result<(String, String), String> {
        match text.split_once('=') {
            Some((old, new)) if !old.trim().is_empty() => Ok((old.trim().to_owned(), new.trim().to_owned())),
            _ => Err(format!("expected OLD=NEW, not \"{text}\"")),
        }
    }
}

impl FromStr for NameMap {
    type Err = String;

    fn from_str(text: &str) -> Result<NameMap, String> {
        let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
        pairs.map(NameMap::pair).collect::<Result<_, _>>().map(NameMap)
    }
}

/// What of a schema is compared and taken over, and under which names.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Roles of the source and what they are on the target; empty: they are left out.
    pub roles: BTreeMap<String, String>,
    /// Schemas of one side whose objects are in another one on the other side: those that extensions were put into.
    pub moved: BTreeMap<String, String>,
    /// Schemas that are left out, beside those of ours.
    pub excluded: Vec<String>,
}

impl Options {
    /// A text of the source with the target's schema names.
    pub(crate) fn renamed(&self, text: &str) -> String {
        renamed(text, &self.moved)
    }
}

/// A text with other schema names.
pub(crate) fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (from, to)| {
        let text = moved(&text, &pg::Ident::new(from).to_string(), &quoted(to));
        if is_plain(from) { moved(&text, from, &quoted(to)) } else { text }
    })
}

/// As the server quotes it, but for reserved words.
fn quoted(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { pg::Ident::new(name).to_string() }
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A schema's name before a dot, behind the word `schema`, or alone.
fn moved(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let behind = &rest[at + from.len()..];
        out.push_str(&rest[..at]);
        let begins = !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '.'));
        let alone = (out.is_empty() && behind.is_empty())
            || (!behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"'))
                && out.trim_end().to_ascii_lowercase().ends_with("schema"));
        out.push_str(if begins && (behind.starts_with('.') || alone) { to } else { from });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_pairs() {
        let map: NameMap = "heroku_ext=public, a = , b=c,".parse().expect("pairs");
        let pairs: Vec<(&str, &str)> = map.0.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
        assert_eq!(pairs, [("a", ""), ("b", "c"), ("heroku_ext", "public")]);
        assert_eq!("".parse(), Ok(NameMap::default()));
        assert!("heroku_ext".parse::<NameMap>().is_err() && "=x".parse::<NameMap>().is_err());
    }

    #[test]
    fn schemas_are_renamed_where_they_are_meant() {
        let options =
            Options { moved: [("ext".to_owned(), "public".to_owned())].into(), ..Options::default() };
        for (before, after) in [
            ("ext.hstore", "public.hstore"),
            ("'a=>1'::ext.hstore || next.ext.x", "'a=>1'::public.hstore || next.ext.x"),
            ("create extension hstore with schema ext", "create extension hstore with schema public"),
            ("ext", "public"),
            ("comment 'the ext of it'", "comment 'the ext of it'"),
            ("\"ext.y\" ext_.z ext ext.a", "\"ext.y\" ext_.z ext public.a"),
        ] {
            assert_eq!(options.renamed(before), after, "{before}");
        }
        let odd = Options { moved: [("Ext 1".to_owned(), "New".to_owned())].into(), ..Options::default() };
        assert_eq!(odd.renamed("\"Ext 1\".hstore"), "\"New\".hstore");
    }
}
