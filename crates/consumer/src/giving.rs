//! Giving the root away: what the worker of a root does while a switch is under way, and behind it until the new root
//! is there.

use std::time::Duration;

use pg::Session;
use pgq::node::{self, ConsumerState, NodeType};
use pgq::switch::{self, State};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::ended::Ended;
use crate::watch::Watch;
use crate::{Result, Worker};

/// How often it is looked whether the switch has gone on.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// Whether the root refuses changes: there is nothing to publish, and no event could be written.
pub(crate) fn is_closed(state: &ConsumerState) -> bool {
    matches!(state.gives, Some(State::Frozen | State::Drained))
}

/// Opens the root again where the deadline of its switch has passed: whoever froze it is gone, or hangs.
pub(crate) async fn guard_deadline(worker: &Worker, target: &Session, state: &ConsumerState) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    if state.overdue && switch::keep_overdue(&**target, queue).await? {
        switch::open_gate(&**target, queue).await?;
        warn!(job, queue, "the deadline of the switch has passed: this root takes changes again");
    }
    Ok(())
}

/// Waits, behind a switch, until the node that follows as the root is one, and settles the switch then. Answers why
/// this node's worker does not begin as a leaf, if it does not.
pub(crate) async fn await_root(
    worker: &Worker,
    target: &Session,
    stop: &CancellationToken,
) -> Result<Option<Ended>> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let (mut told, mut watching) = (false, Watch::new());
    while !stop.is_cancelled() {
        let state = worker.state(target).await?;
        let Some(State::Left) = state.gives else {
            // it was taken back meanwhile: the node is the root as before
            let is_own = node::require(&**target, queue).await?.name == state.provider;
            return Ok(is_own.then_some(Ended::Changed));
        };
        if !std::mem::replace(&mut told, true) {
            info!(job, queue, provider = state.provider, "waiting until the new root takes changes");
        }
        let location = state.provider_location.as_deref().unwrap_or_default();
        let provider = worker.connect_provider(location).await?;
        while !stop.is_cancelled() {
            watching.look(worker, target, |_| None).await?;
            if node::require(&*provider, queue).await?.node_type == NodeType::Root {
                if let Some(known) = switch::recorded(&**target, queue).await? {
                    switch::settle(&**target, queue, &known.id).await?;
                }
                return Ok(None);
            }
            if worker.state(target).await?.gives != Some(State::Left) {
                break;
            }
            worker.report.idle(state.paused);
            _ = stop.run_until_cancelled(tokio::time::sleep(LOOK)).await;
        }
    }
    Ok(Some(Ended::Stopped))
}
