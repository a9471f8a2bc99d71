//! Lists of globs in the ini file, matched against `schema.name`.

use pg::NameGlob;
use serde::de::{Deserialize, Deserializer, Error};

/// A list of names and globs. A word without a dot means schema `public`.
#[derive(Clone, Debug, Default)]
pub struct Globs(Vec<NameGlob>);

impl Globs {
    /// Reads words separated by commas.
    ///
    /// # Errors
    /// The word that is not a glob.
    pub fn parse(text: &str) -> Result<Globs, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let globs = words.map(|word| {
            let glob = if word.contains('.') { word.to_owned() } else { format!("public.{word}") };
            NameGlob::parse(&glob).map_err(|why| format!("\"{word}\" is not a glob: {why}"))
        });
        globs.collect::<Result<_, _>>().map(Globs)
    }

    /// Whether `only` (where it has any word) matches a name and `never` does not: `register_only_*` and
    /// `register_skip_*`.
    pub fn permit(only: &Globs, never: &Globs, name: &str) -> bool {
        (only.0.is_empty() || only.matches(name)) && !never.matches(name)
    }

    fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|glob| glob.matches(name))
    }
}

impl<'de> Deserialize<'de> for Globs {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Globs, D::Error> {
        Globs::parse(&String::deserialize(input)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(only: &str, never: &str) -> Vec<&'static str> {
        let (only, never) = (Globs::parse(only).unwrap(), Globs::parse(never).unwrap());
        let names = ["public.a", "public.b", "x.a"];
        names.into_iter().filter(|name| Globs::permit(&only, &never, name)).collect()
    }

    #[test]
    fn the_ini_file_permits_and_forbids() {
        assert_eq!(permitted("", ""), ["public.a", "public.b", "x.a"]);
        assert_eq!(permitted("public.*", "b"), ["public.a"]);
        assert_eq!(permitted(" a , x.* ", ""), ["public.a", "x.a"]);
        assert_eq!(permitted("", "*.a"), ["public.b"]);
        assert!(Globs::parse("a, [x").unwrap_err().contains("[x"));
    }
}
