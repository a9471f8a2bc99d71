//! Progress bars of a waiting command: changes of state, a bar for each running copy where the output is a terminal,
//! and at the end what each copy took.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};
use pgq::table::MergeState;

use crate::londiste::view::copy_progress::Copy;
use crate::londiste::view::text_table::table;
use crate::terminal::Terminal;

/// The bars, and the times of the tables that were seen to be copied.
pub(crate) struct Bars {
    terminal: Terminal,
    /// None where the output is no terminal.
    drawn: Option<MultiProgress>,
    bars: BTreeMap<String, ProgressBar>,
    /// The line for copies without a bar.
    others: Option<ProgressBar>,
    times: BTreeMap<String, Times>,
}

/// So many of the largest copies have a bar: small tables are copied together, up to 64 of them.
const BARS: usize = 12;

/// When a table came into each part of its copy.
#[derive(Debug, Default)]
struct Times {
    copy: Option<Instant>,
    catch_up: Option<Instant>,
    ok: Option<Instant>,
    rows: u64,
    bytes: u64,
}

impl Bars {
    pub(crate) fn new(terminal: Terminal) -> Bars {
        let drawn = (terminal.speaks() && std::io::stdout().is_terminal()).then(MultiProgress::new);
        Bars { terminal, drawn, bars: BTreeMap::new(), others: None, times: BTreeMap::new() }
    }

    /// Prints a line above the bars.
    pub(crate) fn say(&self, line: &str) {
        match &self.drawn {
            Some(drawn) => drawn.suspend(|| self.terminal.say(line)),
            None => self.terminal.say(line),
        }
    }

    /// A table has come into another state.
    pub(crate) fn state(&mut self, name: &str, state: MergeState) {
        self.say(&format!("{name}: {state}"));
        let times = self.times.entry(name.to_owned()).or_default();
        let now = Instant::now();
        match state {
            MergeState::InCopy => times.copy = Some(now),
            MergeState::CatchingUp | MergeState::WannaSync(_) | MergeState::DoSync(_) => {
                times.catch_up.get_or_insert(now);
            }
            MergeState::Ok => times.ok = Some(now),
            MergeState::Waiting => {}
        }
    }

    /// Shows the running copies.
    pub(crate) fn draw<'a>(&mut self, copies: impl Iterator<Item = (&'a String, &'a Copy)>) {
        let mut copies: Vec<(&String, &Copy)> = copies.collect();
        for (name, copy) in &copies {
            let times = self.times.entry((*name).clone()).or_default();
            (times.rows, times.bytes) = (copy.rows, copy.bytes);
            // the table's state, which this command sees first when it begins, may be hours old
            if let Some(began) = Instant::now().checked_sub(copy.since) {
                times.copy = Some(times.copy.map_or(began, |seen| seen.min(began)));
            }
        }
        let Some(drawn) = &self.drawn else { return };
        copies.sort_by_key(|(name, copy)| (Reverse(copy.expected), *name));
        let others = copies.split_off(copies.len().min(BARS));
        let mut seen = Vec::new();
        for (name, copy) in copies {
            seen.push(name.clone());
            let bar = self.bars.entry(name.clone()).or_insert_with(|| {
                let bar = drawn.add(ProgressBar::new(100));
                if let Ok(style) = ProgressStyle::with_template("{bar:20} {prefix} {wide_msg}") {
                    bar.set_style(style);
                }
                bar.with_prefix(name.clone())
            });
            bar.set_position(copy.percent());
            bar.set_message(copy.line());
        }
        self.bars.retain(|name, bar| {
            let stays = seen.contains(name);
            if !stays {
                bar.finish_and_clear();
            }
            stays
        });
        // behind the bars, new ones of them too
        if let Some(line) = self.others.take() {
            line.finish_and_clear();
            drawn.remove(&line);
        }
        if !others.is_empty() {
            let line = drawn.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                line.set_style(style);
            }
            line.set_message(format!("… and {} smaller ones", others.len()));
            self.others = Some(line);
        }
    }

    /// Ends the bars, and tells how long each copy took that was seen.
    pub(crate) fn close(&mut self) {
        self.draw(std::iter::empty());
        let rows: Vec<Vec<String>> = self.times.iter().filter_map(|(name, times)| times.row(name)).collect();
        if !rows.is_empty() {
            let headers = ["table_name", "rows", "bytes", "copy", "catch up", "all"];
            self.terminal.say(&table("Copies", &headers, &rows));
        }
    }
}

impl Times {
    fn row(&self, name: &str) -> Option<Vec<String>> {
        let (copy, ok) = (self.copy?, self.ok?);
        let catch_up = self.catch_up.unwrap_or(ok);
        let seconds = |duration: Duration| format!("{:.1} s", duration.as_secs_f64());
        // a copy may be over before it tells of itself
        let told = self.bytes > 0;
        let number = |text: String| if told { text } else { String::new() };
        Some(vec![
            name.to_owned(),
            number(HumanCount(self.rows).to_string()),
            number(BinaryBytes(self.bytes).to_string()),
            seconds(catch_up - copy),
            seconds(ok - catch_up),
            seconds(ok - copy),
        ])
    }
}
