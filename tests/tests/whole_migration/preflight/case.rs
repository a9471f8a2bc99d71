//! A check that fails and is mended.

use tests::{Output, Pair, Setup};

/// Who runs a statement.
#[derive(Clone, Copy)]
pub(crate) enum By {
    /// The ordinary role of the source.
    Source,
    /// The superuser of the source, in the same database.
    SourceAdmin,
    /// The ordinary role of the target.
    Target,
    /// The superuser of the target.
    TargetAdmin,
}

/// What makes a check fail, the words of its line, and what mends it.
pub(crate) struct Case {
    pub(crate) check: &'static str,
    pub(crate) broken: &'static [(By, &'static str)],
    /// Verdict, side, object, words, remedy: all on one line.
    pub(crate) line: &'static [&'static str],
    /// None: what the line tells is run, by the first one.
    pub(crate) mended: &'static [(By, &'static str)],
}

/// Runs `preflight` with options.
#[track_caller]
pub(crate) fn preflight(setup: &Setup, options: &[&str]) -> Output {
    let words = [&["target.ini", "preflight"], options].concat();
    setup.londiste(&words)
}

/// A setup whose ini file names the source.
pub(crate) fn setup(pair: &Pair) -> Setup {
    let setup = Setup::new(pair);
    setup.set("target.ini", "initial_provider_location", &pair.source.app().connstr());
    setup
}

/// Panics unless one line of the answer holds all words; the line.
#[track_caller]
pub(crate) fn line<'a>(output: &'a Output, words: &[&str]) -> &'a str {
    let found = output.stdout.lines().find(|line| words.iter().all(|word| line.contains(word)));
    found.unwrap_or_else(|| panic!("no line with {words:?}\n{}", output.report()))
}

fn run(pair: &Pair, by: By, sql: &str) {
    match by {
        By::Source => pair.source.execute(sql),
        By::SourceAdmin => pair.source.admin().execute(sql),
        By::Target => pair.target.execute(sql),
        By::TargetAdmin => pair.target.admin().execute(sql),
    }
}

impl Case {
    /// Fails, and is in order again.
    #[track_caller]
    pub(crate) fn check(&self, pair: &Pair, setup: &Setup) {
        self.expect_in_order(setup, "before");
        for (by, sql) in self.broken {
            run(pair, *by, sql);
        }
        let output = preflight(setup, &["--check", self.check]);
        let line = line(&output, self.line);
        let code = i32::from(line.starts_with("blocker"));
        assert_eq!(output.code, code, "{}", output.report());
        match self.mended {
            [] => run(pair, self.broken[0].0, line.rsplit_once("  |  ").expect("the line has a remedy").1),
            statements => statements.iter().for_each(|(by, sql)| run(pair, *by, sql)),
        }
        self.expect_in_order(setup, "after");
    }

    #[track_caller]
    fn expect_in_order(&self, setup: &Setup, when: &str) {
        let output = preflight(setup, &["--check", self.check]);
        let closing = "0 blockers, 0 warnings, 0 remarks, 1 check in order.";
        assert!(output.code == 0 && output.stdout.contains(closing), "{when}: {}", output.report());
    }
}
