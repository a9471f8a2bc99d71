//! Stage of a migration, told from the outlooks of the queue's nodes.

use std::time::{Duration, SystemTime};

use super::facts::{Outlook, TableOutlook};
use super::words::{about, number, period, since};
use crate::comparison::Verdict;
use crate::node::NodeType;
use crate::standing::Standing;
use crate::switch::{Recorded, State as SwitchState};

/// A subscriber that is further behind than this is not ready to switch.
const BEHIND: Duration = Duration::from_secs(60);

/// Where a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No table is replicated to a subscriber yet.
    NotBegun,
    /// Somebody has to do something.
    Blocked,
    /// Tables are being copied.
    Copying,
    /// All tables are there; changes or foreign keys are still to come.
    CatchingUp,
    /// Rows of both sides are being compared.
    Comparing,
    /// Everything is there, and not every table was compared.
    Uncompared,
    /// Everything is there and equal.
    Ready,
    /// A switch is under way.
    Switching,
    /// The nodes have changed places.
    Switched,
}

impl State {
    /// Its name for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            State::NotBegun => "not begun",
            State::Blocked => "blocked",
            State::Copying => "copying",
            State::CatchingUp => "catching up",
            State::Comparing => "comparing",
            State::Uncompared => "uncompared",
            State::Ready => "ready",
            State::Switching => "switching",
            State::Switched => "switched",
        }
    }
}

/// What is known of a queue, for [`stage`].
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The nodes that could be looked at.
    pub nodes: &'a [&'a Outlook],
    /// How far the subscriber is behind.
    pub lag: Option<Duration>,
    /// What keeps a part of the process from its work, or a node from being looked at: object, and why.
    pub failing: Option<(String, String)>,
}

/// Where a migration stands, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// In a word.
    pub state: State,
    /// In a sentence, which begins with that word.
    pub words: String,
    /// The commands that come next, or mend it.
    pub next: Vec<Next>,
    /// Tables that are replicated.
    pub tables: usize,
    /// Those that are not in sync, parked ones too.
    pub to_come: usize,
    /// How long the copies will still read at their present speed.
    pub to_go: Option<Duration>,
    /// The step of a switch that is under way, or the last one.
    pub step: Option<SwitchState>,
}

/// A command that may come next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The node whose ini file it is given.
    pub node: String,
    /// The command and its words.
    pub command: &'static str,
    /// What it is for; empty: it goes without saying.
    pub what: &'static str,
}

impl Next {
    fn new(node: &str, command: &'static str) -> Vec<Next> {
        vec![Next::told(node, command, "")]
    }

    fn told(node: &str, command: &'static str, what: &'static str) -> Next {
        Next { node: node.to_owned(), command, what }
    }

    /// The whole command, for a node of that ini file.
    pub fn with(&self, ini: &str) -> String {
        format!("londiste {ini} {}", self.command)
    }
}

/// Tells the stage of a queue's migration.
pub fn stage(situation: &Situation<'_>) -> Stage {
    let standing = standing(situation.nodes);
    match &standing {
        Standing::None => still(situation),
        Standing::Before(known) => match still(situation) {
            blocked if blocked.state == State::Blocked => blocked,
            still => Stage {
                state: State::Switching,
                words: before(known),
                next: goes_on(known),
                step: Some(known.state),
                ..still
            },
        },
        Standing::Closed(known) | Standing::Between(known) => Stage {
            next: goes_on(known),
            step: Some(known.state),
            ..plain(State::Switching, under_way(&standing))
        },
        Standing::Taken(known) => Stage {
            next: goes_on(known),
            step: Some(SwitchState::Taken),
            ..plain(State::Switching, under_way(&standing))
        },
        Standing::Done(known) => switched(situation, known),
    }
}

/// How far a switch is, by as many of its sides as are known.
fn standing(nodes: &[&Outlook]) -> Standing {
    let records = || nodes.iter().filter_map(|node| node.switch.as_ref());
    // of two switches, there and back, one is over
    let Some(last) = records().max_by_key(|known| known.began) else { return Standing::None };
    let side = |gives| records().find(|known| known.id == last.id && known.gives == gives).cloned();
    let (old, new) = (side(true), side(false));
    match (old, new) {
        (None, Some(new)) if new.state == SwitchState::Taken => Standing::Done(new),
        (Some(old), None) if old.state == SwitchState::Settled => Standing::Done(old),
        (old, new) => Standing::read(old, new),
    }
}

fn plain(state: State, words: String) -> Stage {
    Stage { state, words, next: Vec::new(), tables: 0, to_come: 0, to_go: None, step: None }
}

fn before(known: &Recorded) -> String {
    let (old, new, ago) = (&known.from, &known.to, since(known.changed));
    format!("switching: prepared, {old} takes changes as before and {new} is ready to, since {ago}")
}

fn under_way(standing: &Standing) -> String {
    match standing {
        Standing::Closed(known) if known.state == SwitchState::Frozen => {
            let refused = period(known.frozen_for.unwrap_or_default());
            format!(
                "switching: frozen, {} refuses changes, since {refused}; who has begun to write may end",
                known.from
            )
        }
        Standing::Closed(known) => format!(
            "switching: drained, the last tick of {} is made and the rows are verified, since {}",
            known.from,
            since(known.changed)
        ),
        Standing::Between(known) => format!(
            "switching: left, {} has left and {} is about to take over: neither takes changes, since {}",
            known.from,
            known.to,
            since(known.changed)
        ),
        Standing::Taken(known) => {
            format!("switching: taken, {} takes changes, and {} is about to follow it", known.to, known.from)
        }
        Standing::None | Standing::Before(_) | Standing::Done(_) => String::new(),
    }
}

fn goes_on(known: &Recorded) -> Vec<Next> {
    let node = &known.to;
    vec![
        Next::told(node, "switchover --status", "how far it is"),
        Next::told(node, "switchover", "goes on, where the command was interrupted"),
        Next::told(node, "switchover --abort", "takes it back"),
    ]
}

fn switched(situation: &Situation<'_>, known: &Recorded) -> Stage {
    let (old, new) = (&known.from, &known.to);
    let tick = known.last.map(|last| format!(" at tick {}", last.tick)).unwrap_or_default();
    let mut words =
        format!("switched{tick}, {} ago: {new} is the root, {old} follows it", since(known.changed));
    let care = situation
        .nodes
        .iter()
        .filter_map(|node| node.switch.as_ref())
        .find(|one| !one.gives && one.id == known.id);
    if let Some(care) = care.and_then(|known| known.care.as_deref()).filter(|care| *care != "done") {
        words += &format!("; behind the switch, materialized views and statistics: {care}");
    }
    let mut next = vec![
        Next::told(old, "switchover", "the way back"),
        Next::told(new, "complete", "ends the migration: no way back any more"),
    ];
    let still = still(situation);
    if still.state == State::Blocked {
        words += &format!("; the way back is {}", still.words);
        next.splice(0..0, still.next);
    }
    Stage { state: State::Switched, words, next, step: Some(SwitchState::Settled), ..still }
}

/// The stage where no switch is under way.
fn still(situation: &Situation<'_>) -> Stage {
    // of several, the one that is furthest from it
    let followers = situation.nodes.iter().filter(|node| node.kind != NodeType::Root);
    let leaf = followers.rev().max_by_key(|leaf| (blocked(leaf).is_some(), leaf.to_come()));
    if let Some((what, why)) = &situation.failing {
        let next = leaf.or(situation.nodes.first()).map(|node| Next::new(&node.node, "node-status"));
        let why = why.lines().next().unwrap_or_default();
        return Stage {
            next: next.unwrap_or_default(),
            ..plain(State::Blocked, format!("blocked: {what}: {why}"))
        };
    }
    if let Some((node, why)) = situation.nodes.iter().find_map(|node| Some((node, node.error.as_ref()?))) {
        let why = why.lines().next().unwrap_or_default();
        let words = format!("blocked: the worker of {} fails: {why}", node.node);
        return Stage { next: Next::new(&node.node, "node-status"), ..plain(State::Blocked, words) };
    }
    let Some(leaf) = leaf.filter(|leaf| !leaf.tables.is_empty()) else {
        let node = leaf.map_or("", |leaf| leaf.node.as_str());
        let next = if node.is_empty() { Vec::new() } else { Next::new(node, "migrate") };
        return Stage {
            next,
            ..plain(State::NotBegun, "not begun: no table is replicated to a subscriber yet".to_owned())
        };
    };
    let (tables, to_come) = (leaf.tables.len(), leaf.to_come() + leaf.parked());
    let with = |state, words: String, next| Stage { next, tables, to_come, ..plain(state, words) };
    if let Some((words, command)) = blocked(leaf) {
        return with(State::Blocked, format!("blocked: {words}"), Next::new(&leaf.node, command));
    }
    if let Some(paused) = situation.nodes.iter().find(|node| node.paused) {
        let words = format!("blocked: the worker of {} is paused", paused.node);
        return with(State::Blocked, words, Next::new(&paused.node, "resume"));
    }
    if to_come > 0 {
        let to_go = leaf.to_go();
        let mut words = format!("copying {to_come} of {}", number(tables, "table"));
        match (to_go, held(leaf)) {
            (Some(to_go), _) => words += &format!(", ready in about {}", about(to_go)),
            (None, Some(why)) => words += &format!(": {why}"),
            (None, None) => {}
        }
        return Stage { to_go, ..with(State::Copying, words, Next::new(&leaf.node, "tables")) };
    }
    if let Some(lag) = situation.lag.filter(|lag| *lag > BEHIND) {
        let words = format!("catching up: {} is {} behind", leaf.node, period(lag));
        return with(State::CatchingUp, words, Next::new(&leaf.node, "wait-sync"));
    }
    if leaf.coming_fkeys > 0 {
        let keys = number(leaf.coming_fkeys, "foreign key");
        let words = format!("catching up: {keys} to come back or to be validated");
        return with(State::CatchingUp, words, Next::new(&leaf.node, "fkeys"));
    }
    compared(leaf, with)
}

/// What somebody has to mend at the tables, and the command that tells or mends it.
fn blocked(leaf: &Outlook) -> Option<(String, &'static str)> {
    let failing = leaf.tables.iter().filter(|table| table.trouble.is_some() && !table.parked).count();
    match (leaf.parked(), failing, leaf.stopping_drift, leaf.compared.differ) {
        (0, 0, 0, 0) => None,
        (0, 0, 0, tables) => {
            let rows = usize::try_from(leaf.compared.differing).unwrap_or_default();
            Some((format!("{} of {} differ", number(rows, "row"), number(tables, "table")), "repair"))
        }
        (0, 0, drift, _) => {
            let verb = if drift == 1 { "differs" } else { "differ" };
            Some((format!("{} {verb} so that replication stops", number(drift, "definition")), "schema"))
        }
        (0, failing, _, _) => {
            let verb = if failing == 1 { "does" } else { "do" };
            Some((format!("{} {verb} not go on", number(failing, "table")), "tables"))
        }
        (parked, ..) => Some((format!("{} parked", number(parked, "table")), "tables")),
    }
}

/// What holds all running copies up.
fn held(leaf: &Outlook) -> Option<&str> {
    let remark = |table: &TableOutlook| table.copy.as_ref().map(|copy| copy.progress.remark.is_some());
    let told: Vec<bool> = leaf.tables.iter().filter(|table| table.is_to_come()).filter_map(remark).collect();
    if told.is_empty() || told.contains(&false) {
        return None;
    }
    leaf.tables
        .iter()
        .filter(|table| table.is_to_come())
        .find_map(|table| table.copy.as_ref()?.progress.remark.as_deref())
}

/// Everything is there: whether it is known to be equal.
fn compared(leaf: &Outlook, with: impl Fn(State, String, Vec<Next>) -> Stage) -> Stage {
    let summary = &leaf.compared;
    if let Some(running) = &summary.running {
        let to_go =
            running.to_go.map(|time| format!(", about {} to go for it", about(time))).unwrap_or_default();
        let words = format!("comparing {}{to_go}", running.table);
        return with(State::Comparing, words, Next::new(&leaf.node, "compare --status"));
    }
    let of = |verdict| leaf.tables.iter().filter(|table| table.verdict() == verdict).count();
    let (unverified, unknown) = (of(Some(Verdict::Unverified)), of(None));
    if unverified > 0 {
        let words = format!("in sync; {} could not be compared", number(unverified, "table"));
        return with(State::Uncompared, words, Next::new(&leaf.node, "compare --status"));
    }
    if unknown > 0 {
        let words = format!("in sync; {} not compared yet", number(unknown, "table"));
        return with(State::Uncompared, words, Next::new(&leaf.node, "compare"));
    }
    let finished = |table: &TableOutlook| table.comparison.as_ref()?.known()?.finished;
    let oldest: Option<SystemTime> = leaf.tables.iter().filter_map(finished).min();
    let ago = oldest.map_or_else(String::new, |oldest| format!(" {} ago", since(oldest)));
    let conflicts: i64 = leaf.tables.iter().map(|table| table.conflicts).sum();
    let conflicts = if conflicts > 0 { format!("; conflicts: {conflicts}") } else { String::new() };
    let words = format!("ready to switch (last comparison{ago}: equal{conflicts})");
    let next = vec![
        Next::told(&leaf.node, "switchover --dry-run", "asks what stands in the way"),
        Next::told(&leaf.node, "switchover", "switches"),
    ];
    with(State::Ready, words, next)
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
