//! Kind of a node.

/// What a node is in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeType {
    /// Events are born here.
    Root,
    /// Keeps a full copy of the queue and serves others.
    Branch,
    /// Takes events and serves nobody.
    Leaf,
}

impl NodeType {
    /// The name in `node_info`.
    pub fn as_str(self) -> &'static str {
        match self {
            NodeType::Root => "root",
            NodeType::Branch => "branch",
            NodeType::Leaf => "leaf",
        }
    }

    pub(super) fn parse(name: &str) -> NodeType {
        match name {
            "root" => NodeType::Root,
            "branch" => NodeType::Branch,
            _ => NodeType::Leaf,
        }
    }
}
