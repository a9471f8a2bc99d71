//! A node's worker: batch after batch from the provider into this node, and the states of its tables.
