//! Names and globs of the command line, matched against what is there.

use anyhow::{Result, anyhow};
use pg::{NameGlob, QualifiedName};

/// What names and globs stand for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Known names that were chosen, in the order of the command line.
    pub(crate) found: Vec<String>,
    /// Names that are not among the known ones.
    pub(crate) unknown: Vec<String>,
    /// Globs that no known name matches.
    pub(crate) unmatched: Vec<String>,
}

/// Matches each word against `known` (`schema.name`, unquoted). A word that is a known name is that name, whatever
/// characters it holds; one with `*`, `?` or `[` is a glob; a word without a dot means schema `public`.
///
/// # Errors
/// A word is neither a name nor a glob.
pub(crate) fn choose(words: &[String], known: &[String]) -> Result<Choice> {
    let mut choice = Choice::default();
    for word in words {
        let literal = if word.contains('.') { word.clone() } else { format!("public.{word}") };
        if known.contains(&literal) {
            add(&mut choice.found, literal);
        } else if is_glob(word) {
            let glob = NameGlob::parse(&literal)
                .map_err(|why| anyhow!("\"{literal}\" is neither a name nor a glob: {why}"))?;
            let before = choice.found.len();
            let mut any = false;
            for name in known.iter().filter(|name| glob.matches(name)) {
                any = true;
                add(&mut choice.found, name.clone());
            }
            if !any && choice.found.len() == before {
                add(&mut choice.unmatched, word.clone());
            }
        } else {
            let name = QualifiedName::parse(word)?.plain();
            let list = if known.contains(&name) { &mut choice.found } else { &mut choice.unknown };
            add(list, name);
        }
    }
    Ok(choice)
}

fn add(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

fn is_glob(word: &str) -> bool {
    word.contains(['*', '?', '[']) && !word.starts_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn chosen(words: &[&str]) -> Choice {
        let known = strings(&[
            "public.abc",
            "public.acc",
            "public.b",
            "Shop.Order Item",
            "x.abc",
            "x.odd*name",
            "x.oddly",
        ]);
        choose(&strings(words), &known).unwrap()
    }

    #[test]
    fn globs_choose_from_what_is_there() {
        assert_eq!(chosen(&["public.*"]).found, ["public.abc", "public.acc", "public.b"]);
        assert_eq!(chosen(&["a?c"]).found, ["public.abc", "public.acc"]);
        assert_eq!(
            chosen(&["*.abc", "b", "public.a*"]).found,
            ["public.abc", "x.abc", "public.b", "public.acc"]
        );
        assert_eq!(chosen(&["[!b]*"]).found, ["public.abc", "public.acc"]);
        assert_eq!(chosen(&["z*"]).unmatched, ["z*"]);
        assert_eq!(
            chosen(&["b", "public.b", "b*"]),
            Choice { found: strings(&["public.b"]), ..Choice::default() }
        );
    }

    #[test]
    fn names_stand_for_themselves() {
        assert_eq!(chosen(&["Shop.Order Item"]).found, ["Shop.Order Item"]);
        assert_eq!(chosen(&["\"Shop\".\"Order Item\""]).found, ["Shop.Order Item"]);
        assert_eq!(chosen(&["x.odd*name"]).found, ["x.odd*name"]);
        assert_eq!(chosen(&["nosuch", "x.b"]).unknown, ["public.nosuch", "x.b"]);
        assert!(choose(&strings(&["a."]), &[]).is_err());
        assert!(choose(&strings(&["a[*"]), &[]).is_err());
    }
}
