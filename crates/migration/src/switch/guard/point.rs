//! A point of the guard: its question, what it is told, and what it found.

use std::time::Duration;

use futures_util::future::BoxFuture;
use pg::ConnectString;
use pgq::table::Capture;

use crate::error::Result;
use crate::finding::Verdict;
use crate::schema::Options;
use crate::switch::Sides;
use crate::{Finding, Place};

/// What the guard is told.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How to reach the old root.
    pub old_at: ConnectString,
    /// How to reach the new root.
    pub new_at: ConnectString,
    /// `application_name` of further sessions.
    pub application: &'static str,
    /// Under which names the schemas are compared.
    pub schema: Options,
    /// How the old root captures tables.
    pub capture: Capture,
    /// The new root may be so far behind.
    pub max_lag: Duration,
    /// The last comparisons may be so old.
    pub max_compare_age: Duration,
    /// Transactions on the old root may be so old.
    pub max_transaction: Duration,
    /// Large objects stay behind, and that is known.
    pub leaves_large_objects: bool,
}

/// One question of the guard.
#[derive(Debug)]
pub struct Point {
    /// Its name, for `--force`.
    pub name: &'static str,
    /// What it asks; yes is in order.
    pub question: &'static str,
    /// It cannot be overruled.
    pub is_hard: bool,
    pub(super) ask: Ask,
}

pub(super) type Found<'a> = BoxFuture<'a, Result<Vec<Finding>>>;
pub(super) type Ask = for<'a> fn(&'a Sides, &'a Terms) -> Found<'a>;

/// A point and what it found.
#[derive(Debug)]
pub struct Answer {
    /// The point.
    pub point: &'static Point,
    /// Nothing, where all is in order.
    pub findings: Vec<Finding>,
}

impl Answer {
    /// Whether the switch may not go on because of it.
    pub fn blocks(&self, forced: &[String]) -> bool {
        self.findings.iter().any(|found| found.verdict != Verdict::Info)
            && (self.point.is_hard || !forced.iter().any(|name| name == self.point.name))
    }
}

pub(super) const fn point(name: &'static str, is_hard: bool, question: &'static str, ask: Ask) -> Point {
    Point { name, question, is_hard, ask }
}

pub(super) fn blocker(
    place: Place,
    object: impl Into<String>,
    found: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding::new(Verdict::Blocker, place, object, found, remedy)
}
