//! A run of checks, one after the other.

use crate::ask::ask;
use crate::context::Context;
use crate::error::Error;
use crate::session::{QUICK, THOROUGH};
use crate::{Check, Config, Finding};

/// A check, and what it found; nothing: it is in order.
#[derive(Debug)]
pub struct Answer {
    /// The check.
    pub check: &'static Check,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// Makes checks. It never fails: a check that does is answered with [`crate::Verdict::Unchecked`].
pub async fn run(config: Config, checks: &[&'static Check]) -> Vec<Answer> {
    let context = Context::open(config).await;
    let mut answers = Vec::new();
    for check in checks {
        // The server's own limit comes first; this one is for a network that has lost the answer.
        let limit = 4 * if check.reads_rows { THOROUGH } else { QUICK };
        let answered = tokio::time::timeout(limit, ask(check, &context)).await;
        let findings = answered
            .unwrap_or(Err(Error::Late(limit)))
            .unwrap_or_else(|error| vec![Finding::unchecked(check.place, check.name, &error)]);
        answers.push(Answer { check, findings });
    }
    answers
}
