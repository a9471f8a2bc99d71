//! What the freeze does not stop and nobody replicates, and capture that is not whole.

use std::collections::BTreeSet;

use pgq::table::Capture;
use pgq::{replicable, switch, table};

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("left-out", false, "Is every table of the old root replicated?", |sides, terms| {
        Box::pin(left_out(sides, terms)) as Found<'_>
    });

pub(super) const CAPTURE: Point =
    point("capture", false, "Is the capture of every table what it should be?", |sides, _| {
        Box::pin(capture(sides)) as Found<'_>
    });

async fn left_out(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let queue = sides.queue.as_str();
    let here: BTreeSet<String> = table::list(&*sides.new, queue)
        .await?
        .into_iter()
        .filter(|info| info.local)
        .map(|info| info.name)
        .collect();
    let mut findings = Vec::new();
    for object in replicable::replicable(&*sides.old, queue, terms.capture).await? {
        if object.kind == "S" || here.contains(&object.name) {
            continue;
        }
        findings.push(blocker(
            Place::Source,
            format!("table {}", object.name),
            "is not replicated: its rows stay behind, and changes of it are not refused",
            format!("add-table {} on both nodes", object.name),
        ));
    }
    Ok(findings)
}

async fn capture(sides: &Sides) -> Result<Vec<Finding>> {
    let queue = sides.queue.as_str();
    let sound = table::sound_captures(&*sides.old, queue).await?;
    let stock = switch::stock_captured(&*sides.old, queue).await?;
    let mut findings = Vec::new();
    for info in table::list(&*sides.old, queue).await?.iter().filter(|info| info.local) {
        if sound.contains(&info.name) {
            continue;
        }
        let capture = if stock.contains(&info.name) { Capture::Stock } else { Capture::Generated };
        for problem in table::check_capture(&*sides.old, queue, &info.name, capture).await? {
            let remedy = "check-capture --apply with the old root's ini file";
            findings.push(blocker(Place::Source, format!("table {}", info.name), problem, remedy));
        }
    }
    Ok(findings)
}
