//! Verification while nobody writes: rows, and sequences.

use anyhow::{Context, Result, bail};
use compare::Config;
use pgq::comparison::Verdict;
use pgq::switch::{self, LastTick};
use pgq::table;

use super::arguments::Verify;
use super::both::Both;
use crate::londiste::command::compare::{config_of, sides};
use crate::londiste::support::job::{Job, Node};
use crate::londiste::view::comparison::Voice;
use crate::terminal::Terminal;

/// What was verified, in a few words.
pub(super) async fn run(job: &Job, both: &Both, last: &LastTick, what: Verify) -> Result<String> {
    let sequences = follow_sequences(both).await?;
    let rows = match what {
        Verify::None => "rows not compared (--verify none)".to_owned(),
        _ => rows(job, both, last, what == Verify::Changed).await?,
    };
    Ok(format!("{rows} · {sequences} sequences ahead"))
}

/// The new root's sequences go on behind the old one's.
async fn follow_sequences(both: &Both) -> Result<usize> {
    let positions = switch::sequences(&*both.sides.old).await?;
    let behind = switch::follow_sequences(&*both.sides.new, &positions).await?;
    if !behind.is_empty() {
        let all: Vec<String> = behind.iter().map(|(name, why)| format!("{name} {why}")).collect();
        bail!("sequences of the new root would give values out again: {}", all.join("; "));
    }
    Ok(positions.len())
}

async fn rows(job: &Job, both: &Both, last: &LastTick, changed: bool) -> Result<String> {
    let local = Node { session: job.connect().await?, info: both.sides.new_node.clone() };
    let tables: Vec<_> =
        table::list(&*local.session, job.queue()).await?.into_iter().filter(|info| info.local).collect();
    let mut connections = Vec::new();
    for _ in 0..job.settings.compare_connections.min(tables.len()) {
        connections.push(sides(job, &local).await?);
    }
    let config = Config { changed, last_tick: Some(last.tick), ..config_of(job, &local) };
    // what differs is told, whatever else is not
    let mut voice = Voice::new(Terminal::new(1));
    let valve = job.read_limits(Some("0"))?;
    let compared = compare::run(&connections, &config, &tables, &mut voice, &valve)
        .await
        .context("comparing while nobody writes")?;
    let of = |verdict| {
        let found = compared.iter().filter(move |outcome| outcome.verdict == verdict);
        found.map(|outcome| outcome.table.clone()).collect::<Vec<String>>()
    };
    let (differ, unverified) = (of(Verdict::Differs), of(Verdict::Unverified));
    if !differ.is_empty() {
        bail!("rows differ: {}; compare tells which", differ.join(", "));
    }
    if !unverified.is_empty() {
        let why = compared.iter().find(|outcome| outcome.verdict == Verdict::Unverified);
        let why = why.and_then(|outcome| outcome.remarks.first().cloned()).unwrap_or_default();
        bail!("tables could not be compared: {} ({why})", unverified.join(", "));
    }
    let rows: i64 = compared.iter().map(|outcome| outcome.rows).sum();
    Ok(format!("{rows} {}rows of {} tables equal", if changed { "changed " } else { "" }, compared.len()))
}
