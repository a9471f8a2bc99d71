//! Tables of the new root: in sync, under their own names, without conflicts.

use pgq::conflict;
use pgq::table::{self, MergeState};

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("tables", true, "Is every table in sync, and none parked?", |sides, _| {
        Box::pin(tables(sides)) as Found<'_>
    });

pub(super) const NAMES: Point = point(
    "names",
    true,
    "Does every table have the same name on both sides, and all of its changes?",
    |sides, terms| Box::pin(names(sides, terms)) as Found<'_>,
);

pub(super) const CONFLICTS: Point =
    point("conflicts", false, "Did every change meet the row that it was made of?", |sides, terms| {
        Box::pin(conflicts(sides, terms)) as Found<'_>
    });

pub(super) async fn tables(sides: &Sides) -> Result<Vec<Finding>> {
    let queue = sides.queue.as_str();
    let parked = table::parked(&*sides.new, queue).await?;
    let tables = table::list(&*sides.new, queue).await?;
    if !tables.iter().any(|info| info.local) {
        let node = format!("node {}", sides.new_node.name);
        return Ok(vec![blocker(Place::Target, node, "replicates no table", "add-table")]);
    }
    let mut findings = Vec::new();
    for info in tables.iter().filter(|info| info.local) {
        let object = format!("table {}", info.name);
        if let Some(parked) = parked.iter().find(|parked| parked.table == info.name) {
            findings.push(blocker(
                Place::Target,
                object,
                format!("is parked: {}", parked.error),
                format!("mend it, then resume-table {0} or resync {0}", info.name),
            ));
        } else if info.state != MergeState::Ok {
            let remedy = format!("wait-sync {}", info.name);
            findings.push(blocker(Place::Target, object, format!("is {}, not ok", info.state), remedy));
        }
    }
    Ok(findings)
}

async fn names(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let tables = table::list(&*sides.new, &sides.queue).await?;
    let mut findings = Vec::new();
    for info in tables.iter().filter(|info| info.local) {
        let object = format!("table {}", info.name);
        if info.dest() != info.name {
            let found = format!("is {} here: such a table cannot be replicated back", info.dest());
            let remedy = format!("rename it, or remove-table {} on this node", info.name);
            findings.push(blocker(Place::Target, object, found, remedy));
        } else if let Some(attrs) = info.attrs.as_deref().filter(|attrs| !attrs.is_empty()) {
            let found = format!("has attributes ({attrs}) that a root does not know");
            let remedy = format!("remove-table {0} here and add-table {0} --expect-sync", info.name);
            findings.push(blocker(Place::Target, object, found, remedy));
        }
    }
    Ok(findings)
}

async fn conflicts(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let met = conflict::list(&*sides.new, &sides.queue).await?;
    let finding = |counter: &conflict::Counter| {
        blocker(
            Place::Target,
            format!("table {}", counter.table),
            format!("{} changes met another row than they were made of", counter.conflicts),
            format!("compare {0}, and repair {0} or resync {0}", counter.table),
        )
    };
    Ok(met.iter().map(finding).collect())
}
