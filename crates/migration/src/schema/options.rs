//! What of a schema is compared and taken over, and under which names.

use std::collections::BTreeMap;

/// What of a schema is compared and taken over, and under which names.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Roles of the source and what they are on the target; empty: they are left out.
    pub roles: BTreeMap<String, String>,
    /// Schemas of the source whose objects are in another one on the target: those that extensions were put into.
    pub moved: BTreeMap<String, String>,
    /// Schemas that are left out, beside those of ours.
    pub excluded: Vec<String>,
}

impl Options {
    /// A text of the source with the target's schema names.
    pub(crate) fn renamed(&self, text: &str) -> String {
        self.moved.iter().fold(text.to_owned(), |text, (from, to)| {
            let text = moved(&text, &pg::Ident::new(from).to_string(), &quoted(to));
            if is_plain(from) { moved(&text, from, &quoted(to)) } else { text }
        })
    }
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
