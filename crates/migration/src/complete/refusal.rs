//! Refusal of the end of a migration: a switch has not been made, or is under way.

use pgq::node::NodeType;
use pgq::switch::{Recorded, State};

/// What one side says of itself.
#[derive(Clone, Debug)]
pub struct End<'a> {
    /// Its node's name and type; `None` where it has no node of the queue (any more).
    pub node: Option<(&'a str, NodeType)>,
    /// What it has recorded of its last switch.
    pub switch: Option<&'a Recorded>,
}

impl End<'_> {
    fn is(&self, wanted: NodeType) -> bool {
        self.node.is_some_and(|(_, node_type)| node_type == wanted)
    }

    fn name(&self) -> &str {
        self.node.map_or("", |(name, _)| name)
    }
}

/// Why the migration may not end now, for people; `None` where it may. `own`: the side whose ini file was given.
/// `other`: `None` where it was not asked. `abandon`: whether or not a switch was made.
pub fn refusal(own: &End<'_>, other: Option<&End<'_>>, abandon: bool, ini: &str) -> Option<String> {
    if let Some(why) = under_way(own, other, ini) {
        return Some(why);
    }
    if abandon {
        return None;
    }
    let hint = format!(
        "to end the migration all the same, with the application where it is: londiste {ini} complete --abandon"
    );
    let Some((name, node_type)) = own.node else {
        return Some(format!("no node of this queue is here, so no switch was made; {hint}"));
    };
    let taken = own.switch.filter(|known| !known.gives && known.state == State::Taken);
    match (node_type, taken) {
        (NodeType::Root, Some(_)) => None,
        (NodeType::Root, None) => Some(format!(
            "node {name} is the root, but no switch has made it: the migration is not at its end; {hint}"
        )),
        _ if own.switch.is_some_and(|known| known.gives && known.state == State::Settled) => Some(format!(
            "node {name} was the root before the switch: give the ini file of the new root, {}",
            own.switch.map_or("", |known| known.to.as_str())
        )),
        _ => Some(format!(
            "the switch has not been made: node {name} is not the root (londiste {ini} switchover); {hint}"
        )),
    }
}

/// A switch that neither is settled nor was taken back.
fn under_way(own: &End<'_>, other: Option<&End<'_>>, ini: &str) -> Option<String> {
    let ends = [Some(own), other];
    let open = ends.into_iter().flatten().find_map(|end| {
        let known = end.switch.filter(|known| known.gives)?;
        matches!(known.state, State::Frozen | State::Drained | State::Left).then_some((end, known))
    });
    if let Some((_, known)) = open {
        return Some(format!(
            "a switch from node {} to node {} is under way ({}, {}): with the ini file of node {} go on with it \
             (switchover), or take it back (switchover --abort)",
            known.from,
            known.to,
            known.state.name(),
            known.who,
            known.to
        ));
    }
    if let Some(other) = other
        && own.is(NodeType::Root)
        && other.is(NodeType::Root)
    {
        return Some(format!(
            "both nodes, {} and {}, are roots: see londiste {ini} status and members",
            own.name(),
            other.name()
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn recorded(gives: bool, state: State) -> Recorded {
        let (from, to) = ("old".to_owned(), "new".to_owned());
        let now = SystemTime::UNIX_EPOCH;
        let (id, who) = ("1".to_owned(), "somebody".to_owned());
        Recorded {
            id,
            from,
            to,
            gives,
            state,
            who,
            began: now,
            changed: now,
            frozen_for: None,
            last: None,
            care: None,
        }
    }

    fn asked(own: (NodeType, bool, State), other: (NodeType, bool, State), abandon: bool) -> Option<String> {
        let [one, two] = [recorded(own.1, own.2), recorded(other.1, other.2)];
        let own = End { node: Some(("new", own.0)), switch: Some(&one) };
        let other = End { node: Some(("old", other.0)), switch: Some(&two) };
        refusal(&own, Some(&other), abandon, "target.ini")
    }

    #[test]
    fn a_settled_switch_may_end_on_its_root_alone() {
        use NodeType::{Leaf, Root};
        let (taken, settled) = ((Root, false, State::Taken), (Leaf, true, State::Settled));
        assert_eq!(asked(taken, settled, false), None);
        assert!(asked(settled, taken, false).unwrap().contains("the new root"));
        assert_eq!(asked(settled, taken, true), None);
    }

    #[test]
    fn what_is_under_way_is_refused_whatever_is_wanted() {
        use NodeType::{Leaf, Root};
        for abandon in [false, true] {
            for (old, new) in [
                ((Root, true, State::Frozen), (Leaf, false, State::Prepared)),
                ((Root, true, State::Drained), (Leaf, false, State::Prepared)),
                ((Leaf, true, State::Left), (Leaf, false, State::Prepared)),
                ((Leaf, true, State::Left), (Root, false, State::Taken)),
            ] {
                assert!(asked(new, old, abandon).unwrap().contains("under way"), "{old:?}");
            }
        }
    }

    #[test]
    fn before_a_switch_only_abandoning_ends_it() {
        use NodeType::{Leaf, Root};
        for new in [State::Prepared, State::GivenUp] {
            let (own, other) = ((Leaf, false, new), (Root, true, State::Kept));
            assert!(asked(own, other, false).unwrap().contains("--abandon"));
            assert_eq!(asked(own, other, true), None);
        }
        let fresh = End { node: Some(("primary", Root)), switch: None };
        assert!(refusal(&fresh, None, false, "x.ini").unwrap().contains("no switch has made it"));
    }
}
