//! Large objects: no trigger captures them.

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point = point(
    "large-objects",
    true,
    "Are there no large objects, or is it said what becomes of them?",
    |sides, terms| Box::pin(ask(sides, terms)) as Found<'_>,
);

async fn ask(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let sql = "select count(*) from pg_largeobject_metadata";
    let number: i64 = sides.old.query_one(sql, &[]).await.map_err(pg::Error::from)?.get(0);
    if number == 0 || terms.leaves_large_objects {
        return Ok(Vec::new());
    }
    let remedy =
        "--large-objects copy takes them along in the outage, --large-objects ignore leaves them behind";
    let found = "no trigger captures them";
    Ok(vec![blocker(Place::Source, format!("{number} large objects"), found, remedy)])
}
