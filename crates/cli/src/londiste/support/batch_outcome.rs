//! Outcome of a command over several objects, one after the other: what fails is said, and does not keep the others
//! waiting.

use anyhow::Result;

use crate::londiste::support::name_pattern;
use crate::londiste::support::outcome::Outcome;
use crate::terminal::{Terminal, describe};

/// Counts what went wrong.
#[derive(Debug)]
pub(crate) struct Apart {
    terminal: Terminal,
    failures: usize,
    /// What is not there is no failure.
    forgiving: bool,
}

impl Apart {
    pub(crate) fn new(terminal: Terminal) -> Apart {
        Apart { terminal, failures: 0, forgiving: false }
    }

    /// With `--force`, names of objects that are not there are no failures.
    pub(crate) fn forgiving(terminal: Terminal, force: bool) -> Apart {
        Apart { forgiving: force, ..Apart::new(terminal) }
    }

    /// Names and globs matched against `known`; those that match nothing have failed, for the reason given.
    ///
    /// # Errors
    /// A word is neither a name nor a glob.
    pub(crate) fn choose(&mut self, words: &[String], known: &[String], reason: &str) -> Result<Vec<String>> {
        let choice = name_pattern::choose(words, known)?;
        for strange in choice.unknown.iter().chain(&choice.unmatched) {
            self.absent(strange, reason);
        }
        Ok(choice.found)
    }

    /// A name or glob for which nothing is there.
    pub(crate) fn absent(&mut self, object: &str, reason: &str) {
        if self.forgiving {
            self.terminal.warn(&format!("{object}: {reason}; left out (--force)"));
        } else {
            self.failed(object, reason);
        }
    }

    /// An object that could not be worked on, and why.
    pub(crate) fn failed(&mut self, object: &str, reason: &str) {
        self.failures += 1;
        let is_named =
            ["table", "sequence"].iter().any(|kind| reason.starts_with(&format!("{kind} {object} ")));
        if is_named {
            self.terminal.complain(reason);
        } else {
            self.terminal.complain(&format!("{object}: {reason}"));
        }
    }

    /// Says what became of an object: the note of its success, or the reason of its failure.
    pub(crate) fn take(&mut self, object: &str, result: Result<String>) {
        match result {
            Ok(note) => self.terminal.say(&note),
            Err(error) => self.failed(object, &reason(&error)),
        }
    }

    /// How the command ends.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::of(self.failures)
    }
}

/// The words of a refusal are written for people; other errors are told with their causes.
fn reason(error: &anyhow::Error) -> String {
    match error.downcast_ref::<pgq::Error>() {
        Some(pgq::Error::Refused { note, .. }) => note.clone(),
        _ => describe(error),
    }
}
