//! Scope of a comparison of schemas: which kinds of objects, of which relations.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::kinds;

/// Scope of a comparison of schemas.
pub(crate) struct Scope {
    /// Kinds that are compared, in the order in which objects can be created.
    pub(crate) kinds: &'static [&'static Kind],
    /// Relations of source and target that are looked at; `None`: all.
    pub(crate) relations: Option<[Vec<u32>; 2]>,
    /// Relations of the source that have another name on the target; both names quoted for SQL.
    pub(crate) renames: BTreeMap<String, String>,
}

/// All that both databases have.
pub(crate) static EVERYTHING: Scope = Scope { kinds: kinds::ALL, relations: None, renames: BTreeMap::new() };

impl Scope {
    /// A text of the source with the target's names for relations.
    pub(crate) fn renamed(&self, text: &str) -> String {
        self.renames.iter().fold(text.to_owned(), |text, (from, to)| renamed(&text, from, to))
    }
}

/// A name stands for itself: not within another one, and behind no dot.
fn renamed(text: &str, from: &str, to: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        out.push_str(&rest[..at]);
        let behind = &rest[at + from.len()..];
        let stands = !out.ends_with(|c: char| is_part(c) || c == '.') && !behind.starts_with(is_part);
        out.push_str(if stands { to } else { from });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_relation_itself_is_renamed() {
        for (before, after) in [
            ("public.t", "archive.t"),
            ("public.t.id", "archive.t.id"),
            ("alter table public.t add column public text", "alter table archive.t add column public text"),
            ("public.t2 my.public.t xpublic.t public.\"t\"", "public.t2 my.public.t xpublic.t public.\"t\""),
        ] {
            assert_eq!(renamed(before, "public.t", "archive.t"), after, "{before}");
        }
    }
}
