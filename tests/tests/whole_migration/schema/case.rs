//! A difference that is told with its statement, and is gone when that has been run.

use tests::{Pair, Setup};

use super::support::{expect_same, schema};

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

/// The differences are seen, each with its statement; all statements are run; nothing differs.
#[track_caller]
pub(crate) fn check(cases: &[Case], pair: &Pair, setup: &Setup) {
    for case in cases {
        match case.broken {
            (By::Source, sql) => pair.source.execute(sql),
            (By::Target, sql) => pair.target.execute(sql),
        }
    }
    let output = schema(setup, &[]);
    assert_eq!(output.code, 1, "{}", output.report());
    let same = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for case in cases {
        let told = output.stdout.lines().find(|line| case.line.iter().all(|word| line.contains(word)));
        assert!(
            told.is_some_and(|line| line.starts_with("-- ")),
            "no line {:?}\n{}",
            case.line,
            output.report()
        );
        let statement = same(case.statement);
        assert!(same(&output.stdout).contains(&statement), "no {statement}\n{}", output.report());
    }
    // the whole answer is a script; what loses rows is a comment there
    pair.target.psql(&output.stdout.replace("-- loses rows: ", ""));
    // a column that needs a value is added without NOT NULL first
    let again = schema(setup, &[]);
    if again.code == 1 && again.stdout.contains("set not null;") {
        pair.target.psql(&again.stdout);
    }
    expect_same(setup, &[]);
}
