//! A difference that is told with its statement, and is gone when that has been run.

use tests::{Pair, Setup};

use crate::support::{expect_same, schema};

/// Who makes the difference.
#[derive(Clone, Copy)]
pub(crate) enum By {
    /// The ordinary role of the source.
    Source,
    /// The ordinary role of the target.
    Target,
}

/// A difference.
pub(crate) struct Case {
    /// What makes it.
    pub(crate) broken: (By, &'static str),
    /// The comment's words: weight, object, what differs.
    pub(crate) line: &'static [&'static str],
    /// Words of the statement.
    pub(crate) statement: &'static str,
}

impl Case {
    /// The difference is seen, alone; its statements are run; nothing differs.
    #[track_caller]
    pub(crate) fn check(&self, pair: &Pair, setup: &Setup) {
        match self.broken {
            (By::Source, sql) => pair.source.execute(sql),
            (By::Target, sql) => pair.target.execute(sql),
        }
        let output = schema(setup, &[]);
        assert_eq!(output.code, 1, "{}", output.report());
        let told = output.stdout.lines().find(|line| self.line.iter().all(|word| line.contains(word)));
        assert!(told.is_some_and(|line| line.starts_with("-- ")), "no line {:?}\n{}", self.line, output.report());
        let same = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(same(&output.stdout).contains(&same(self.statement)), "{}", output.report());
        // the whole answer is a script; what loses rows is a comment there
        let script = output.stdout.replace("-- loses rows: ", "");
        pair.target.psql(&script);
        expect_same(setup, &[]);
    }
}
