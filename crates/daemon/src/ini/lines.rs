//! Lines on which keys stand, for messages. The parser does not tell.

use std::collections::BTreeMap;

/// A section and a key, both as the parser names them.
pub(super) type Place = (String, String);

/// The lines of each key; of a key that stands there several times, the last counts.
pub(super) fn of(text: &str) -> BTreeMap<Place, Vec<usize>> {
    let mut lines: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    let mut section = String::new();
    let mut deepest = 0;
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim();
        if words.is_empty() || words.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = words.strip_prefix('[').and_then(|rest| rest.split(']').next())
            && indent == 0
        {
            section = name.trim().to_lowercase();
            deepest = 0;
        } else if (indent == 0 || indent <= deepest)
            && let Some((key, _)) = words.split_once(['=', ':'])
        {
            lines.entry((section.clone(), key.trim().to_lowercase())).or_default().push(at + 1);
            deepest = indent;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_and_continuations_are_not() {
        let found = of(
            "# c\n[Londiste]\nDB = host=h\n    port=5\nqueue_name: q\n\n[other]\ndb = x\n[londiste]\nqueue_name = r\n",
        );
        let line = |section: &str, key: &str| found.get(&(section.to_owned(), key.to_owned())).cloned();
        assert_eq!(line("londiste", "db"), Some(vec![3]));
        assert_eq!(line("londiste", "queue_name"), Some(vec![5, 10]));
        assert_eq!(line("other", "db"), Some(vec![8]));
        assert_eq!(line("londiste", "port"), None);
    }
}
