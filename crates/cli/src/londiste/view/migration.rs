//! Steps of `migrate` as people and machines read them, and the closing summary.

use std::time::SystemTime;

use indicatif::{BinaryBytes, HumanCount};
use migration::steps::{Entry, State, Step};
use serde_json::{Value, json};

use crate::londiste::view::comparison::clock;

/// A line of the summary.
pub(crate) struct Line {
    pub(crate) step: &'static str,
    pub(crate) state: State,
    pub(crate) seconds: f64,
    pub(crate) attempts: i32,
    pub(crate) note: String,
}

/// What the comparisons have found.
pub(crate) struct Compared {
    pub(crate) rows: i64,
    /// Tables whose rows are all equal.
    pub(crate) equal: usize,
    pub(crate) differ: Vec<String>,
    /// Rows that differ.
    pub(crate) differing: i64,
    pub(crate) unverified: Vec<String>,
    pub(crate) finished: Option<SystemTime>,
}

/// What is told at the end.
pub(crate) struct Summary {
    pub(crate) queue: String,
    pub(crate) ini: String,
    /// Version and place, without secrets.
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) lines: Vec<Line>,
    /// Tables in sync.
    pub(crate) tables: usize,
    /// Their size on the target.
    pub(crate) bytes: Option<i64>,
    pub(crate) compared: Option<Compared>,
    pub(crate) warnings: Vec<String>,
    /// The step after which the run has ended because it was asked to.
    pub(crate) until: Option<&'static str>,
    /// Seconds from the first step to the last end.
    pub(crate) elapsed: Option<f64>,
}

impl Summary {
    /// Whether nothing is left to be done before the switch.
    fn is_ready(&self) -> bool {
        let done = |line: &Line| matches!(line.state, State::Earlier | State::Done);
        self.until.is_none() && self.lines.iter().all(done)
    }

    /// The next command, or where it stands.
    fn next(&self) -> String {
        let again = format!("londiste {} migrate", self.ini);
        match (self.is_ready(), self.until) {
            (true, _) => "the switch: docs/migration.md, Switch over".to_owned(),
            (false, Some(step)) if !self.has(&[State::Failed, State::Partly, State::Unverified]) => {
                format!("{again} goes on after {step}")
            }
            _ => format!("mend what is named above, then {again} goes on there"),
        }
    }

    fn has(&self, states: &[State]) -> bool {
        self.lines.iter().any(|line| states.contains(&line.state))
    }
}

/// A step begins.
pub(crate) fn begins(step: Step, what: &str) -> String {
    format!("== {step}: {what}")
}

/// A step has come to its end, or what a dry run tells of it.
pub(crate) fn ended(entry: &Entry, is_dry: bool) -> String {
    let Entry { step, state, note, seconds } = entry;
    match state {
        State::Open if is_dry => format!("{step:<14} would do: {note}"),
        State::Earlier if is_dry => format!("{step:<14} done: {note}"),
        State::Earlier => format!("== {step}: done already: {note}"),
        State::Failed => format!("step {step} failed after {seconds:.1} s: {note}"),
        State::Partly => format!("step {step} is not whole after {seconds:.1} s: {note}"),
        State::Unverified => format!("step {step} could not be verified after {seconds:.1} s: {note}"),
        State::Done | State::Open => format!("   {step}: {note} ({seconds:.1} s)"),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Earlier | State::Done => "done",
        State::Partly => "not whole",
        State::Unverified => "unverified",
        State::Failed => "failed",
        State::Open => "open",
    }
}

/// The summary as text.
pub(crate) fn text(summary: &Summary) -> String {
    let ready = if summary.is_ready() { "ready to switch" } else { "not ready" };
    let mut lines = vec![
        String::new(),
        format!("Migration of queue {}: {ready}", summary.queue),
        format!("  source      {}", summary.source),
        format!("  target      {}", summary.target),
        format!("  londiste-rs {}", env!("CARGO_PKG_VERSION")),
    ];
    for Line { step, state, seconds, attempts, note } in &summary.lines {
        let again = if *attempts > 1 { format!(" ({attempts} attempts)") } else { String::new() };
        let note = note.lines().next().unwrap_or_default();
        lines.push(format!("  {step:<14} {:<10} {seconds:>9.1} s  {note}{again}", word(*state)));
    }
    if let Some(elapsed) = summary.elapsed {
        lines.push(format!("  {:<14} {:<10} {elapsed:>9.1} s", "from the first", "to the last"));
    }
    let bytes = summary.bytes.and_then(|bytes| u64::try_from(bytes).ok());
    let bytes = bytes.map(|bytes| format!(", {} with indexes", BinaryBytes(bytes))).unwrap_or_default();
    lines.push(format!("  tables      {} in sync{bytes}", summary.tables));
    if let Some(compared) = &summary.compared {
        lines.push(format!("  comparison  {}", of_comparison(compared)));
    }
    lines.extend(summary.warnings.iter().map(|warning| format!("  warning     {warning}")));
    lines.push(format!("next: {}", summary.next()));
    lines.join("\n")
}

fn of_comparison(compared: &Compared) -> String {
    let rows = HumanCount(u64::try_from(compared.rows).unwrap_or_default());
    let mut text = format!("{} tables equal, {rows} rows compared", compared.equal);
    if !compared.differ.is_empty() {
        text.push_str(&format!("; {} rows DIFFER: {}", compared.differing, compared.differ.join(", ")));
    }
    if !compared.unverified.is_empty() {
        text.push_str(&format!("; NOT COMPARED: {}", compared.unverified.join(", ")));
    }
    text + &compared.finished.map(|time| format!(", {}", clock(time))).unwrap_or_default()
}

/// The summary for machines.
pub(crate) fn object(summary: &Summary) -> Value {
    let compared = summary.compared.as_ref().map(|compared| {
        json!({
            "tables_equal": compared.equal, "rows": compared.rows, "rows_differing": compared.differing,
            "differ": compared.differ, "unverified": compared.unverified, "finished": compared.finished.map(clock),
        })
    });
    let steps: Vec<Value> = summary.lines.iter().map(step).collect();
    json!({
        "version": 1, "queue": summary.queue, "ready": summary.is_ready(), "source": summary.source,
        "target": summary.target, "program": env!("CARGO_PKG_VERSION"), "steps": steps, "tables": summary.tables,
        "bytes": summary.bytes, "comparison": compared, "warnings": summary.warnings,
        "seconds": summary.elapsed, "next": summary.next(),
    })
}

fn step(line: &Line) -> Value {
    json!({
        "step": line.step, "state": word(line.state), "seconds": line.seconds, "attempts": line.attempts,
        "note": line.note,
    })
}

/// The plan of a dry run for machines.
pub(crate) fn plan_object(queue: &str, entries: &[Entry]) -> Value {
    let steps: Vec<Value> = entries
        .iter()
        .map(|entry| json!({ "step": entry.step.name(), "state": word(entry.state), "note": entry.note }))
        .collect();
    json!({ "version": 1, "queue": queue, "dry_run": true, "steps": steps })
}
