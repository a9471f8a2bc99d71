//! Guard of a switch: what has to be in order before the root refuses changes.
//!
//! A [`Point`] asks one question. What it finds blocks the switch; a soft point may be overruled by its name, a hard one
//! not: behind it changes would be lost, or the way would end half way.

mod comparison;
mod foreign_keys;
mod lag;
mod large_objects;
mod left_out;
mod nodes;
mod ownership;
mod sequences;
mod structure;
mod tables;
mod transactions;

use std::time::Duration;

use futures_util::future::BoxFuture;
use pg::ConnectString;
use pgq::table::Capture;

use crate::Finding;
use crate::Place;
use crate::error::Result;
use crate::finding::Verdict;
use crate::switch::Sides;

/// What the guard is told.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How to reach the old root.
    pub old_at: ConnectString,
    /// How to reach the new root.
    pub new_at: ConnectString,
    /// `application_name` of further sessions.
    pub application: &'static str,
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
    ask: Ask,
}

type Found<'a> = BoxFuture<'a, Result<Vec<Finding>>>;
type Ask = for<'a> fn(&'a Sides, &'a Terms) -> Found<'a>;

/// All of them, in the order in which they are asked.
pub const POINTS: &[Point] = &[
    nodes::POINT,
    nodes::WORKER,
    tables::POINT,
    tables::NAMES,
    ownership::POINT,
    sequences::POINT,
    structure::POINT,
    tables::CONFLICTS,
    foreign_keys::POINT,
    left_out::POINT,
    left_out::CAPTURE,
    large_objects::POINT,
    comparison::POINT,
    transactions::POINT,
    lag::POINT,
];

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

/// Asks all points.
pub async fn ask(sides: &Sides, terms: &Terms) -> Vec<Answer> {
    let mut answers = Vec::new();
    for point in POINTS {
        let findings = match (point.ask)(sides, terms).await {
            Ok(findings) => findings,
            Err(error) => vec![Finding::unchecked(Place::Both, point.question, &error)],
        };
        answers.push(Answer { point, findings });
    }
    answers
}

const fn point(name: &'static str, is_hard: bool, question: &'static str, ask: Ask) -> Point {
    Point { name, question, is_hard, ask }
}

fn blocker(
    place: Place,
    object: impl Into<String>,
    found: impl Into<String>,
    remedy: impl Into<String>,
) -> Finding {
    Finding::new(Verdict::Blocker, place, object, found, remedy)
}
