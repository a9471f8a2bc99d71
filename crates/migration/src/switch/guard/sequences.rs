//! Sequences of the old root: the new one has them all.

use std::collections::BTreeSet;

use pgq::switch;

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("sequences", true, "Can every sequence be set past the old root's?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

async fn ask(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let here = switch::sequences(&*sides.new).await?;
    let here: BTreeSet<&str> = here.iter().map(|sequence| sequence.name.as_str()).collect();
    let mut findings = Vec::new();
    for sequence in switch::sequences(&*sides.old).await? {
        let (object, name) = (format!("sequence {}", sequence.name), sequence.name.as_str());
        if sequence.stands.is_none() {
            let remedy = format!("grant select on sequence {name} to its role");
            findings.push(blocker(Place::Source, object, "cannot be read", remedy));
        } else if !here.contains(name) {
            let remedy = "schema --apply makes it, or drop it on the old root";
            findings.push(blocker(Place::Target, object, "is missing", remedy));
        }
    }
    Ok(findings)
}
