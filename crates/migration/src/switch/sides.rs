//! Both sides of a switch.

use pg::Session;
use pgq::node::NodeInfo;

/// The node that is the root, or was it, and the one that becomes it.
#[derive(Debug)]
pub struct Sides {
    /// The queue.
    pub queue: String,
    /// The root before the switch.
    pub old: Session,
    /// The root after it.
    pub new: Session,
    /// What the old root said of itself when this began.
    pub old_node: NodeInfo,
    /// What the new root said of itself then.
    pub new_node: NodeInfo,
}

impl Sides {
    /// The worker of the old root, which will read from the new one.
    pub(crate) fn old_worker(&self) -> &str {
        self.old_node.worker.as_deref().unwrap_or_default()
    }
}
