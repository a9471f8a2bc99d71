//! A Containerfile as it is written: stages of instructions.
use std::path::Path;

/// What follows a FROM.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The image that it begins with.
    pub base: String,
    /// Its name.
    pub name: Option<String>,
    instructions: Vec<(String, String)>,
}

impl Stage {
    /// What stands behind each of these instructions.
    pub fn all<'a>(&'a self, word: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let word = word.to_owned();
        self.instructions.iter().filter(move |(found, _)| *found == word).map(|(_, rest)| rest.as_str())
    }

    /// What stands behind the one instruction of that word.
    #[track_caller]
    pub fn one(&self, word: &str) -> &str {
        let found: Vec<_> = self.all(word).collect();
        assert_eq!(found.len(), 1, "{word} of {}: {found:?}", self.base);
        found[0]
    }

    /// The words of `ENTRYPOINT` or `CMD`, which have to be written as a list: a shell in between would be process 1.
    #[track_caller]
    pub fn list(&self, word: &str) -> Vec<String> {
        serde_json::from_str(self.one(word)).unwrap_or_else(|error| panic!("{word}: {error}"))
    }

    /// All instructions.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.instructions.iter().map(|(word, _)| word.as_str())
    }

    /// Each COPY: the stage that it takes from, its sources, its destination.
    #[track_caller]
    pub fn copies(&self) -> Vec<(Option<&str>, Vec<&str>, &str)> {
        let split = |rest: &'_ str| -> usize { rest.find(' ').unwrap_or(rest.len()) };
        let copy = |rest| {
            let (from, rest): (Option<&str>, &str) = match str::strip_prefix(rest, "--from=") {
                Some(named) => (Some(&named[..split(named)]), &named[split(named)..]),
                None => (None, rest),
            };
            let mut paths: Vec<&str> = rest.split_whitespace().collect();
            let to = paths.pop().expect("COPY has a destination");
            assert!(!paths.is_empty(), "COPY {rest}: no source");
            (from, paths, to)
        };
        self.all("COPY").map(copy).collect()
    }
}

/// The stages of a file.
#[track_caller]
pub fn read(file: &Path) -> Vec<Stage> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty());
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let mut stages: Vec<Stage> = Vec::new();
    for line in joined.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "FROM" {
            let (base, name) =
                rest.split_once(" AS ").map_or((rest, None), |(base, name)| (base, Some(name)));
            let (base, name) = (base.to_owned(), name.map(str::to_owned));
            stages.push(Stage { base, name, instructions: Vec::new() });
            continue;
        }
        let stage = stages.last_mut().expect("FROM comes first");
        stage.instructions.push((word.to_owned(), rest.trim().to_owned()));
    }
    stages
}
