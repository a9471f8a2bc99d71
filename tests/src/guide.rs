//! The steps of the guide "Londiste Replication Setup", each as the command a user types.
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::guardian::MARK;
use crate::installation::client;
use crate::{Invocation, Output, Setup, repository};

/// One command of the guide.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is for.
    pub title: &'static str,
    /// Directory of the repository it is run in; `None` is the run directory.
    pub directory: Option<&'static str>,
    /// Program and arguments.
    pub words: Vec<String>,
}

impl Step {
    fn londiste(title: &'static str, words: &[&str]) -> Step {
        let words = std::iter::once("londiste").chain(words.iter().copied()).map(str::to_owned).collect();
        Step { title, directory: None, words }
    }

    fn psql(title: &'static str, directory: &'static str, uri: String, words: &[&str]) -> Step {
        let mut all = vec!["psql".to_owned(), uri];
        all.extend(words.iter().map(|word| (*word).to_owned()));
        Step { title, directory: Some(directory), words: all }
    }

    /// As typed into a shell at the repository's root.
    pub fn command_line(&self) -> String {
        let words = self.words.iter().map(|word| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@*".contains(c);
            if word.chars().all(plain) { word.clone() } else { format!("'{word}'") }
        });
        let line = words.collect::<Vec<_>>().join(" ");
        self.directory.map_or(line.clone(), |directory| format!("(cd {directory} && {line})"))
    }

    /// The command without its connect strings: for tables.
    pub fn without_connect_strings(&self) -> String {
        let connects = |word: &&String| word.contains("password=") || word.contains("://");
        let words: Vec<&str> = self.words.iter().filter(|word| !connects(word)).map(String::as_str).collect();
        format!("{} ({})", words.join(" "), self.title)
    }

    /// Runs it.
    #[track_caller]
    pub fn run(&self, setup: &Setup) -> Output {
        let program = match self.words[0].as_str() {
            "psql" => client("psql"),
            name => setup.executable(name, &self.words),
        };
        let directory: PathBuf =
            self.directory.map_or(setup.directory().to_path_buf(), |name| repository().join(name));
        let mut command = Command::new(program);
        command.args(&self.words[1..]).current_dir(directory).env(MARK, setup.directory());
        Invocation::new(command).limit(Duration::from_secs(300)).run()
    }
}

/// Installs the SQL on both sides.
pub fn install(setup: &Setup) -> Vec<Step> {
    vec![
        Step::psql("install on the source", "londiste", setup.source.uri(), &["-f", "init_noext.sql"]),
        Step::psql(
            "install on the target",
            "londiste",
            setup.target.uri(),
            &["--single-transaction", "-f", "init_noext.sql"],
        ),
    ]
}

/// The ticker, root and leaf, and their workers.
pub fn nodes(setup: &Setup) -> Vec<Step> {
    let (source, target) = (setup.source.connstr(), setup.target.connstr());
    let provider = format!("--provider={source}");
    let pgqd = ["pgqd", "-d", "pgqd.ini"].map(str::to_owned).to_vec();
    vec![
        Step { title: "start the ticker", directory: None, words: pgqd },
        Step::londiste("create the root node", &["source.ini", "create-root", "primary", &source]),
        Step::londiste("start its worker", &["-d", "source.ini", "worker"]),
        Step::londiste(
            "create the leaf node",
            &["target.ini", "create-leaf", "subscriber", &target, &provider],
        ),
        Step::londiste("start its worker", &["-d", "target.ini", "worker"]),
    ]
}

/// Collects and drops the target's foreign keys.
pub fn drop_foreign_keys(setup: &Setup) -> Vec<Step> {
    vec![
        Step::psql("collect foreign keys", "sql", setup.target.uri(), &["-f", "collect_fks.sql"]),
        Step::psql("drop foreign keys", "sql", setup.target.uri(), &["-f", "drop_fks.sql"]),
    ]
}

/// Adds every sequence and table on both sides.
pub fn add() -> Vec<Step> {
    vec![
        Step::londiste("add sequences, source", &["source.ini", "add-seq", "--all"]),
        Step::londiste("add sequences, target", &["target.ini", "add-seq", "--all", "--no-triggers"]),
        Step::londiste("add tables, source", &["source.ini", "add-table", "--all"]),
        Step::londiste("add tables, target", &["target.ini", "add-table", "--all", "--no-triggers"]),
    ]
}

/// What the guide looks at while it waits.
pub fn look() -> Vec<Step> {
    vec![
        Step::londiste("status", &["target.ini", "status"]),
        Step::londiste("states of the tables", &["target.ini", "tables"]),
    ]
}

/// Restores and validates the target's foreign keys.
pub fn restore_foreign_keys(setup: &Setup) -> Vec<Step> {
    vec![
        Step::psql("restore foreign keys", "sql", setup.target.uri(), &["-f", "restore_fks.sql"]),
        Step::psql("validate foreign keys", "sql", setup.target.uri(), &["-f", "validate_fks.sql"]),
    ]
}
