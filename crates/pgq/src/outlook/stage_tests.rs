use super::*;
use crate::compared::Summary;
use crate::comparison::Comparison;
use crate::copy::progress::{Progress, Recorded as Copy, Step};
use crate::switch::LastTick;
use crate::table::MergeState;

fn table(name: &str, state: MergeState) -> TableOutlook {
    TableOutlook {
        name: name.to_owned(),
        state,
        parked: false,
        trouble: None,
        size: None,
        copy: None,
        comparison: None,
        conflicts: 0,
    }
}

fn node(name: &str, kind: NodeType, tables: Vec<TableOutlook>) -> Outlook {
    Outlook {
        node: name.to_owned(),
        kind,
        tables,
        switch: None,
        error: None,
        paused: false,
        coming_fkeys: 0,
        stopping_drift: 0,
        compared: Summary::default(),
        seen: SystemTime::now(),
    }
}

fn leaf(tables: Vec<TableOutlook>) -> Outlook {
    node("subscriber", NodeType::Leaf, tables)
}

fn copying(table: &mut TableOutlook, bytes: i64, rate: f64, remark: Option<&str>) {
    let progress = Progress {
        step: Step::Rows,
        rows: 0,
        bytes,
        expected_bytes: 100_000_000,
        bytes_per_second: rate,
        done: 0,
        total: 0,
        remark: remark.map(str::to_owned),
    };
    let (age, since) = (Duration::ZERO, Duration::ZERO);
    table.copy = Some(Copy { table: table.name.clone(), progress, age, since });
}

fn equal(table: &mut TableOutlook, hours: u64) {
    let finished = SystemTime::now() - Duration::from_secs(hours * 3600);
    table.comparison = Some(Comparison {
        table: table.name.clone(),
        definition: String::new(),
        began: finished,
        since: None,
        done_up_to: None,
        read_all: true,
        at: None,
        rows: 1,
        expected: None,
        differing: 0,
        finished: Some(finished),
        verdict: Some(Verdict::Equal),
        reason: None,
        earlier: None,
    });
}

fn told(nodes: &[&Outlook]) -> Stage {
    stage(&Situation { nodes, lag: Some(Duration::ZERO), failing: None })
}

fn record(state: SwitchState, gives: bool) -> Recorded {
    Recorded {
        id: "1".to_owned(),
        from: "primary".to_owned(),
        to: "subscriber".to_owned(),
        gives,
        state,
        who: "me".to_owned(),
        began: SystemTime::now(),
        changed: SystemTime::now(),
        frozen_for: Some(Duration::from_millis(1500)),
        last: Some(LastTick { tick: 8402, time: SystemTime::now(), event: 1 }),
        care: None,
    }
}

#[test]
fn copies_are_counted_and_the_time_to_go_is_told_where_all_sizes_are_known() {
    let mut tables = vec![
        table("public.a", MergeState::Ok),
        table("public.b", MergeState::InCopy),
        table("public.c", MergeState::Waiting),
    ];
    copying(&mut tables[1], 40_000_000, 50_000.0, None);
    let seen = told(&[&leaf(tables.clone())]);
    assert_eq!(
        (seen.state, seen.words.as_str(), seen.to_go),
        (State::Copying, "copying 2 of 3 tables", None)
    );
    tables[2].size = Some(120_000_000);
    let seen = told(&[&leaf(tables.clone())]);
    assert_eq!(seen.words, "copying 2 of 3 tables, ready in about 60 min");
    assert_eq!((seen.tables, seen.to_come, seen.to_go), (3, 2, Some(Duration::from_secs(3600))));
    copying(&mut tables[1], 0, 0.0, Some("waiting for its window, which opens in 5 min"));
    let seen = told(&[&leaf(tables)]);
    assert_eq!(seen.words, "copying 2 of 3 tables: waiting for its window, which opens in 5 min");
}

#[test]
fn what_waits_for_the_operator_comes_before_everything_that_goes_on() {
    let mut tables = vec![table("public.a", MergeState::CatchingUp), table("public.b", MergeState::InCopy)];
    tables[0].parked = true;
    let mut seen = leaf(tables);
    let stage = told(&[&seen]);
    assert_eq!((stage.words.as_str(), stage.to_come), ("blocked: 1 table parked", 2));
    assert_eq!(stage.next[0].with("target.ini"), "londiste target.ini tables");
    seen.tables[0].parked = false;
    seen.tables[1].trouble = Some("disk full".to_owned());
    assert_eq!(told(&[&seen]).words, "blocked: 1 table does not go on");
    seen.tables[1].trouble = None;
    seen.stopping_drift = 2;
    assert_eq!(told(&[&seen]).words, "blocked: 2 definitions differ so that replication stops");
    seen.stopping_drift = 0;
    (seen.compared.differ, seen.compared.differing) = (1, 2);
    let stage = told(&[&seen]);
    assert_eq!(
        (stage.words.as_str(), stage.next[0].command),
        ("blocked: 2 rows of 1 table differ", "repair")
    );
    seen.compared = Summary::default();
    seen.paused = true;
    assert_eq!(told(&[&seen]).words, "blocked: the worker of subscriber is paused");
    seen.error = Some("connection refused\nand more".to_owned());
    assert_eq!(told(&[&seen]).words, "blocked: the worker of subscriber fails: connection refused");
    let failing = Some(("worker of target_app".to_owned(), "gone".to_owned()));
    let stage = stage_of(&seen, failing);
    assert_eq!((stage.state, stage.words.as_str()), (State::Blocked, "blocked: worker of target_app: gone"));
}

fn stage_of(seen: &Outlook, failing: Option<(String, String)>) -> Stage {
    stage(&Situation { nodes: &[seen], lag: None, failing })
}

#[test]
fn from_sync_to_ready() {
    let root = node("primary", NodeType::Root, Vec::new());
    assert_eq!(told(&[&root]).state, State::NotBegun);
    let mut seen = leaf(vec![table("public.a", MergeState::Ok), table("public.b", MergeState::Ok)]);
    let nodes = [&root, &seen.clone()];
    let late = Situation { nodes: &nodes, lag: Some(Duration::from_secs(600)), failing: None };
    assert_eq!(stage(&late).words, "catching up: subscriber is 10 min behind");
    assert_eq!(told(&[&root, &seen]).words, "in sync; 2 tables not compared yet");
    seen.tables.iter_mut().for_each(|table| equal(table, 2));
    let ready = told(&[&root, &seen]);
    assert_eq!(
        (ready.state, ready.words.as_str()),
        (State::Ready, "ready to switch (last comparison 2 h ago: equal)")
    );
    seen.tables[0].conflicts = 3;
    assert!(told(&[&root, &seen]).words.ends_with("ago: equal; conflicts: 3)"));
    seen.coming_fkeys = 1;
    assert_eq!(told(&[&root, &seen]).words, "catching up: 1 foreign key to come back or to be validated");
}

#[test]
fn of_several_subscribers_the_one_that_is_furthest_from_it_counts() {
    let there = leaf(vec![table("public.a", MergeState::Ok)]);
    let mut behind = node("second", NodeType::Leaf, vec![table("public.a", MergeState::Waiting)]);
    assert_eq!(told(&[&there, &behind]).words, "copying 1 of 1 table");
    behind.tables[0].parked = true;
    let stage = told(&[&there, &behind]);
    assert_eq!((stage.state, stage.next[0].node.as_str()), (State::Blocked, "second"));
}

#[test]
fn a_switch_is_told_step_by_step() {
    let mut old = node("primary", NodeType::Root, vec![table("public.a", MergeState::Ok)]);
    let mut new = leaf(vec![table("public.a", MergeState::Ok)]);
    new.switch = Some(record(SwitchState::Prepared, false));
    let seen = |old: &Outlook, new: &Outlook| told(&[old, new]);
    assert!(seen(&old, &new).words.starts_with("switching: prepared, primary takes changes as before"));
    old.switch = Some(record(SwitchState::Frozen, true));
    assert!(seen(&old, &new).words.starts_with("switching: frozen, primary refuses changes, since 1 s"));
    old.switch = Some(record(SwitchState::Drained, true));
    assert!(seen(&old, &new).words.starts_with("switching: drained"));
    old.switch = Some(record(SwitchState::Left, true));
    old.kind = NodeType::Leaf;
    assert!(seen(&old, &new).words.starts_with("switching: left"));
    assert_eq!(seen(&old, &new).step, Some(SwitchState::Left));
    new.switch = Some(record(SwitchState::Taken, false));
    new.kind = NodeType::Root;
    assert!(seen(&old, &new).words.starts_with("switching: taken"));
    old.switch = Some(record(SwitchState::Settled, true));
    new.switch =
        Some(Recorded { care: Some("1 of 3: public.view".to_owned()), ..record(SwitchState::Taken, false) });
    let done = seen(&old, &new);
    assert_eq!(done.state, State::Switched);
    assert!(
        done.words.starts_with("switched at tick 8402, 0 s ago: subscriber is the root"),
        "{}",
        done.words
    );
    assert!(done.words.ends_with("materialized views and statistics: 1 of 3: public.view"), "{}", done.words);
    assert_eq!(done.next[0].with("source.ini"), "londiste source.ini switchover");
    assert_eq!((done.next[0].node.as_str(), done.next[1].command), ("primary", "complete"));
    // either side alone knows as much
    assert_eq!((told(&[&old]).state, told(&[&new]).state), (State::Switched, State::Switched));
    old.tables[0].parked = true;
    assert!(seen(&old, &new).words.ends_with("the way back is blocked: 1 table parked"));
    // the way back is prepared: the record of the first switch is older
    old.tables[0].parked = false;
    old.switch = Some(Recorded { id: "2".to_owned(), ..record(SwitchState::Prepared, false) });
    let back = seen(&old, &new);
    assert_eq!((back.state, back.step), (State::Switching, Some(SwitchState::Prepared)));
    new.switch = Some(Recorded { id: "2".to_owned(), ..record(SwitchState::Kept, true) });
    assert_eq!(seen(&old, &new).state, State::Uncompared);
}
