//! Glob over names of relations: `*` and `?` stand for any characters, dots and slashes too, as in stock.

use glob::{MatchOptions, Pattern};

/// A pattern for `schema.name`, unquoted: `*`, `?`, `[ab]`, `[!ab]`. All other characters stand for themselves.
#[derive(Clone, Debug)]
pub struct NameGlob(Pattern);

impl NameGlob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it: a bracket is not closed.
    pub fn parse(text: &str) -> Result<NameGlob, String> {
        let mut once = text.to_owned();
        // to the library two stars are directories of any depth
        while once.contains("**") {
            once = once.replace("**", "*");
        }
        Pattern::new(&once).map(NameGlob).map_err(|error| error.msg.to_owned())
    }

    /// Whether it stands for all of a name.
    pub fn matches(&self, name: &str) -> bool {
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: false,
            require_literal_leading_dot: false,
        };
        self.0.matches_with(name, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_character_is_any_character() {
        let matches = |glob: &str, name: &str| NameGlob::parse(glob).is_ok_and(|glob| glob.matches(name));
        assert!(matches("*.a/b", "x.y.a/b"));
        assert!(matches("public.**c", "public.a/b.c"));
        assert!(matches("public.[!a]?", "public.b\\"));
        assert!(!matches("public.[!a]?", "public.ab"));
        assert!(!matches("public.A*", "public.a"));
        assert!(matches("public.{a,b}", "public.{a,b}"));
        assert!(NameGlob::parse("public.[a").is_err_and(|why| why.contains("range")));
    }
}
