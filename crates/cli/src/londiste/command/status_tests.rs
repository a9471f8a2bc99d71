use pgq::node::{NodeInfo, NodeType};

use super::*;

fn look(name: &str, node_type: NodeType, provider: &str, subscribers: &[&str]) -> NodeSnapshot {
    NodeSnapshot {
        info: NodeInfo {
            combined_queue: None,
            node_type,
            name: name.to_owned(),
            worker: Some(format!("{name}_worker")),
            provider: Some(provider.to_owned()),
            provider_location: None,
            paused: node_type == NodeType::Leaf,
            uptodate: node_type == NodeType::Root,
            last_tick: Some(7),
            global_watermark: None,
            local_watermark: None,
        },
        tables: crate::londiste::view::node_snapshot::Counts { ok: 2, half: 1, ignored: 0 },
        subscribers: subscribers.iter().map(|name| (*name).to_owned()).collect(),
        consumer_lags: vec![("leaf_worker".to_owned(), Duration::from_secs(61))],
        own_lag: (node_type == NodeType::Root).then_some(Duration::from_secs(3)),
        tick: Some(9),
        copies: Vec::new(),
        remarks: Vec::new(),
        errors: vec!["copy failed\nbadly".to_owned()],
    }
}

#[test]
fn a_root_and_its_leaf() {
    let members = [
        Member {
            name: "leaf".into(),
            dead: false,
            look: Ok((look("leaf", NodeType::Leaf, "primary", &[]), None)),
        },
        Member {
            name: "primary".into(),
            dead: false,
            look: Ok((look("primary", NodeType::Root, "primary", &["leaf", "lost"]), None)),
        },
        Member { name: "lost".into(), dead: false, look: Err("refused".into()) },
    ];
    let trees = trees(&members);
    assert_eq!(trees.len(), 1);
    let expected = "\
primary (root)
  |                           Tables: 2/1/0
  |                           Lag: 3s, Tick: 9
  |                           ERR: copy failed badly
  +--: leaf (leaf)
  |                           Tables: 2/1/0
  |                           Lag: 1m1s, Tick: 9, PAUSED, NOT UPTODATE
  |                           ERR: copy failed badly
  +--: lost (?)
                              ERR: not reachable: refused";
    assert_eq!(trees[0].drawn(), expected);
}

#[test]
fn a_leaf_whose_root_is_away_hangs_below_it() {
    let members = [
        Member {
            name: "leaf".into(),
            dead: false,
            look: Ok((look("leaf", NodeType::Leaf, "primary", &[]), None)),
        },
        Member { name: "primary".into(), dead: true, look: Err("refused".into()) },
    ];
    let trees = trees(&members);
    assert_eq!(trees.len(), 1);
    let drawn = trees[0].drawn();
    assert!(
        drawn.starts_with("primary (?, dead)\n  |                           ERR: not reachable"),
        "{drawn}"
    );
    assert!(drawn.contains("  +--: leaf (leaf)") && drawn.contains("Lag: (n/a), Tick: 9"), "{drawn}");
}
