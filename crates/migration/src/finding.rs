//! What a check finds.

use std::fmt;

use crate::Place;
use crate::error::Error;

/// How much a finding weighs, the heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The migration fails, or loses something.
    Blocker,
    /// The check failed itself.
    Unchecked,
    /// It may hurt.
    Warning,
    /// Good to know.
    Info,
}

/// One finding of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub verdict: Verdict,
    /// Where it is.
    pub place: Place,
    /// The thing: `table public.orders`.
    pub object: String,
    /// What was found, and why it matters.
    pub found: String,
    /// A command to paste, or what to do; empty where nothing is to be done.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn new(
        verdict: Verdict,
        place: Place,
        object: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { verdict, place, object: object.into(), found: found.into(), remedy: remedy.into() }
    }

    /// What could not be checked, and why.
    pub(crate) fn unchecked(place: Place, object: impl Into<String>, why: &Error) -> Finding {
        Finding::new(Verdict::Unchecked, place, object, why.to_string(), why.remedy())
    }
}

impl Verdict {
    /// The verdict that a query's first column names. A word that nobody knows is taken for the heaviest.
    pub(crate) fn read(word: &str) -> Verdict {
        match word {
            "info" => Verdict::Info,
            "warning" => Verdict::Warning,
            _ => Verdict::Blocker,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Blocker => "blocker",
            Verdict::Unchecked => "unchecked",
            Verdict::Warning => "warning",
            Verdict::Info => "info",
        })
    }
}
