//! Scripts of calls: one statement a step, steps apart by an empty line.
use std::path::PathBuf;

/// How far the answers to a step may be apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation<'a> {
    /// Columns, rows, SQLSTATE and message are equal.
    Equal,
    /// Both fail with one SQLSTATE; why the words differ.
    OtherMessage(&'a str),
    /// The answers differ on purpose; why. A step that turns out equal fails: the remark is out of date.
    Differs(&'a str),
}

/// One file of steps.
pub(crate) struct Script {
    pub(crate) name: String,
    text: String,
}

/// One statement with its remarks.
pub(crate) struct Step<'a> {
    pub(crate) sql: &'a str,
    pub(crate) expectation: Expectation<'a>,
    /// Columns of this step that change from run to run.
    pub(crate) volatile: Vec<&'a str>,
}

impl Script {
    /// All scripts in the order of their names.
    pub(crate) fn all() -> Vec<Script> {
        let directory: PathBuf = tests::repository().join("tests/tests/stock/conformance/steps");
        let mut scripts: Vec<Script> = std::fs::read_dir(&directory)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                Script {
                    name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                    text: std::fs::read_to_string(&path).unwrap(),
                }
            })
            .collect();
        scripts.sort_by(|a, b| a.name.cmp(&b.name));
        scripts
    }

    pub(crate) fn steps(&self) -> Vec<Step<'_>> {
        self.text.split("\n\n").map(str::trim).filter(|step| !step.is_empty()).map(Step::parse).collect()
    }
}

impl<'a> Step<'a> {
    fn parse(text: &'a str) -> Step<'a> {
        let mut step = Step { sql: text, expectation: Expectation::Equal, volatile: Vec::new() };
        for remark in text.lines().filter_map(|line| line.strip_prefix("-- ")) {
            if let Some(reason) = remark.strip_prefix("message differs: ") {
                step.expectation = Expectation::OtherMessage(reason);
            } else if let Some(reason) = remark.strip_prefix("differs: ") {
                step.expectation = Expectation::Differs(reason);
            } else if let Some(columns) = remark.strip_prefix("volatile: ") {
                step.volatile = columns.split(", ").collect();
            }
        }
        step
    }
}

#[test]
fn remarks_belong_to_their_step() {
    let text = "-- volatile: a, b\nselect 1;";
    assert_eq!(Step::parse(text).volatile, ["a", "b"]);
    assert_eq!(
        Step::parse("-- differs: on purpose\nselect 1;").expectation,
        Expectation::Differs("on purpose")
    );
    assert_eq!(Step::parse("-- any remark\nselect 1;").expectation, Expectation::Equal);
}
