//! Circles of a graph: groups of nodes each of which reaches every other.
use std::collections::{BTreeMap, BTreeSet};

/// Edges by the node that they leave.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// All circles, each sorted, in order of their first node.
pub(crate) fn find(graph: &Graph) -> Vec<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|node| (node, reach(graph, node))).collect();
    let mut circles: Vec<Vec<String>> = Vec::new();
    for node in graph.keys() {
        if circles.iter().flatten().any(|known| known == node) {
            continue;
        }
        let back = |other: &&&String| reached.get(**other).is_some_and(|theirs| theirs.contains(node));
        let circle: BTreeSet<&String> = reached[node].iter().filter(back).copied().collect();
        if circle.len() > 1 {
            circles.push(circle.into_iter().cloned().collect());
        }
    }
    circles
}

fn reach<'a>(graph: &'a Graph, from: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = graph[from].iter().collect();
    while let Some(node) = next.pop() {
        if reached.insert(node) {
            next.extend(graph.get(node).into_iter().flatten());
        }
    }
    reached
}
