//! Nodes of the queue, and the worker that applies the last tick.

use pgq::node::{self, NodeType};
use pgq::{switch, worker_lock};

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point = point("nodes", true, "Can these two nodes change places?", |sides, terms| {
    Box::pin(nodes(sides, terms)) as Found<'_>
});

pub(super) const WORKER: Point = point(
    "worker",
    true,
    "Are the workers of both nodes at work, ours, and without an error?",
    |sides, terms| Box::pin(worker(sides, terms)) as Found<'_>,
);

async fn nodes(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let queue = sides.queue.as_str();
    let mut findings = Vec::new();
    if sides.old_node.node_type != NodeType::Root || sides.new_node.node_type != NodeType::Leaf {
        let node = format!("node {}", sides.new_node.name);
        findings.push(blocker(Place::Both, node, "is not a leaf of the root", "see members and node-status"));
    }
    let others = switch::other_subscribers(&*sides.old, queue, &sides.new_node.name).await?;
    if !others.is_empty() {
        findings.push(blocker(
            Place::Source,
            format!("nodes {}", others.join(", ")),
            "read from the old root as well, and would be left behind: a switch with further nodes is not supported",
            format!("drop-node {} first, and create-leaf at the new root afterwards", others[0]),
        ));
    }
    for (place, session) in [(Place::Source, &sides.old), (Place::Target, &sides.new)] {
        if !switch::is_supported(&**session).await? {
            findings.push(blocker(
                place,
                "schema pgq",
                "belongs to the stock extension, or to another role: its queue cannot be closed without a trace",
                "docs/changing-over.md tells how ours takes its place",
            ));
        }
    }
    Ok(findings)
}

async fn worker(sides: &Sides, _: &Terms) -> Result<Vec<Finding>> {
    let queue = sides.queue.as_str();
    let mut findings = Vec::new();
    for (place, session, info) in
        [(Place::Target, &sides.new, &sides.new_node), (Place::Source, &sides.old, &sides.old_node)]
    {
        let consumer = info.worker.as_deref().unwrap_or_default();
        let Some(state) = node::consumer_state(&**session, queue, consumer).await? else { continue };
        let object = format!("the worker of node {}", info.name);
        let holder = worker_lock::node_holder(&**session, queue, consumer).await;
        if holder.map_err(pg::Error::from)?.is_none() {
            let found = "is not at work, or is a stock worker, which cannot change its place";
            findings.push(blocker(place, object, found, "start londisted with the ini files of both nodes"));
        } else if state.paused {
            findings.push(blocker(place, object, "is paused", "resume"));
        } else if let Some(error) = state.error {
            findings.push(blocker(place, object, error, "see node-status and its log"));
        }
    }
    Ok(findings)
}
