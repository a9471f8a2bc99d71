//! Guard of a switch: what has to be in order before the root refuses changes.
//!
//! A [`Point`] asks one question. What it finds blocks the switch; a soft point may be overruled by its name, a hard
//! one not: behind it changes would be lost, or the way would end half way.

mod comparison;
mod foreign_keys;
mod lag;
mod large_objects;
mod left_out;
mod nodes;
mod ownership;
mod point;
mod sequences;
mod structure;
mod tables;
mod transactions;
mod triggers;

use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub use point::{Answer, Point, Terms};

/// All of them, in the order in which they are asked.
pub const POINTS: &[Point] = &[
    nodes::POINT,
    nodes::WORKER,
    tables::POINT,
    tables::NAMES,
    ownership::POINT,
    sequences::POINT,
    structure::POINT,
    triggers::POINT,
    tables::CONFLICTS,
    foreign_keys::POINT,
    left_out::POINT,
    left_out::CAPTURE,
    large_objects::POINT,
    comparison::POINT,
    transactions::POINT,
    lag::POINT,
];

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

/// What is wrong with the new root's tables now that it has the last tick.
///
/// # Errors
/// It does not answer.
pub async fn at_rest(sides: &Sides) -> Result<Vec<Finding>> {
    tables::tables(sides).await
}
