//! Lag of the new root: a tick made now arrives in time.

use pgq::{batch, node};
use tokio::time::{Duration, Instant, sleep};

use super::point::{Found, Point, Terms, blocker, point};
use crate::error::Result;
use crate::switch::Sides;
use crate::{Finding, Place};

pub(super) const POINT: Point =
    point("lag", true, "Does the new root follow within moments?", |sides, terms| {
        Box::pin(ask(sides, terms)) as Found<'_>
    });

const LOOK: Duration = Duration::from_millis(20);

async fn ask(sides: &Sides, terms: &Terms) -> Result<Vec<Finding>> {
    let queue = sides.queue.as_str();
    let tick = match batch::tick_now(&*sides.old, queue).await? {
        Some(tick) => tick,
        None => batch::last_tick(&*sides.old, queue).await?.unwrap_or_default(),
    };
    let began = Instant::now();
    loop {
        let applied = node::worker_position(&*sides.new, queue).await?.unwrap_or_default();
        if applied >= tick {
            return Ok(Vec::new());
        }
        if began.elapsed() > terms.max_lag {
            let found = format!(
                "has applied tick {applied} and not tick {tick}, made {} s ago",
                began.elapsed().as_secs()
            );
            let remedy = "is its worker running? see status; --max-lag allows more";
            let node = format!("node {}", sides.new_node.name);
            return Ok(vec![blocker(Place::Target, node, found, remedy)]);
        }
        sleep(LOOK).await;
    }
}
