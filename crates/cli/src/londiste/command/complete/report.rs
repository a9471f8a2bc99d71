//! Report of what was done on each side, and of what its catalogs show to be left.

use std::time::{Duration, Instant};

use anyhow::Result;
use pgq::remains::{self, Remain};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::arguments::Arguments;
use super::ends::Ends;
use super::side::Side;
use super::{removal, sessions};
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Sessions that have just ended hold their locks for a moment.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(100);

/// `--dry-run`.
pub(super) async fn dry_run(job: &Job, arguments: &Arguments, ends: &Ends) -> Result<Outcome> {
    let mut sides = Vec::new();
    for end in ends.iter() {
        let mut side = Side::new(end);
        if end.node.is_some() {
            let tables = pgq::table::list(&*end.session, job.queue()).await?;
            side.tables = tables.iter().filter(|info| info.local).count();
        }
        side.schemas = removal::schemas(job, arguments, end).await?;
        sides.push(side);
    }
    if arguments.json {
        let sides: Vec<Value> = sides.iter().map(Side::json).collect();
        let answer = json!({ "version": 1, "queue": job.queue(), "dry_run": true, "sides": sides });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    for side in &sides {
        let schemas: Vec<&str> = side.removable().collect();
        let node = if side.had_node { "its node and its queue would go" } else { "it has no node" };
        job.terminal.print(&format!(
            "node {} ({}): {} tables would be freed, {node}, schemas that would go: {}",
            side.node,
            side.place,
            side.tables,
            if schemas.is_empty() { "none".to_owned() } else { schemas.join(", ") }
        ));
        for (schema, why) in side.staying() {
            job.terminal.print(&format!("node {}: schema {schema} stays: {why}", side.node));
        }
    }
    job.terminal.say("--dry-run: nothing was done");
    Ok(Outcome::Done)
}

/// Says what was done on a side.
pub(super) fn tell(job: &Job, side: &Side) {
    let mut done = vec![format!("{} tables freed", side.tables)];
    if side.had_node {
        done.push("node and queue removed".to_owned());
    }
    let schemas: Vec<&str> = side.removable().collect();
    if !schemas.is_empty() {
        done.push(format!("schemas removed: {}", schemas.join(", ")));
    }
    let seconds = side.began.elapsed().as_secs_f64();
    job.terminal.say(&format!("node {:<12} {}   {seconds:.1} s", side.node, done.join(" · ")));
}

/// Asks the catalogs of both sides what is left.
pub(super) async fn prove(job: &Job, ends: &Ends, sides: &mut [Side]) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let connected = sessions::connected(ends).await?;
        for (end, side) in ends.iter().zip(sides.iter_mut()) {
            let staying: Vec<String> = side.staying().map(|(schema, _)| schema.to_owned()).collect();
            // without a node before, rows of this queue are somebody else's
            let queue = if side.had_node { job.queue() } else { "" };
            side.remains = remains::objects(&*end.session, queue, &staying).await?;
            side.tickers.clear();
            for (node, session) in connected.iter().filter(|(node, _)| node == end.name()) {
                let text = sessions::named(node, session);
                if session.is_ticker {
                    side.tickers.push(text);
                } else {
                    let remedy = "stop it: londiste -s INI, or londisted -s INI...".to_owned();
                    side.remains.push(Remain { kind: "session".to_owned(), object: text, remedy });
                }
            }
        }
        if sides.iter().all(|side| side.remains.is_empty()) || Instant::now() >= until {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

/// Both sides, where nothing was to be done.
pub(super) async fn of_nothing(ends: &Ends, job: &Job, arguments: &Arguments) -> Result<Vec<Side>> {
    let mut sides = Vec::new();
    for end in ends.iter() {
        let mut side = Side::new(end);
        side.schemas = removal::schemas(job, arguments, end).await?;
        sides.push(side);
    }
    prove(job, ends, &mut sides).await?;
    Ok(sides)
}

/// The last words, and the exit code: is anything left, or not as it was?
pub(super) fn end(job: &Job, arguments: &Arguments, ends: &Ends, sides: Vec<Side>) -> Result<Outcome> {
    let is_done = sides.iter().all(|side| side.remains.is_empty() && side.not_back.is_empty());
    let outcome = if is_done { Outcome::Done } else { Outcome::Partly };
    let nothing_left = sides.iter().all(|side| side.remains.is_empty());
    if arguments.json {
        let told: Vec<Value> = sides.iter().map(Side::json).collect();
        let answer = json!({ "version": 1, "queue": job.queue(), "nothing_left": nothing_left,
                             "only_this_side": ends.other.is_none(), "sides": told });
        job.terminal.print(&answer.to_string());
        return Ok(outcome);
    }
    for side in &sides {
        show(job, side);
    }
    if let Some(root) = ends.root() {
        job.terminal
            .say(&format!("the application stays at {}; there is no way back any more", root.place()));
    }
    for side in sides.iter().filter(|side| side.refused) {
        job.terminal.say(&format!(
            "node {} refuses changes no more, and nothing replicates what is written there",
            side.node
        ));
    }
    if ends.other.is_none() {
        job.terminal.say(
            "the other side was not looked at: complete --abandon --only-this-side with its ini file cleans \
             it, where it is not clean already",
        );
    }
    Ok(outcome)
}

fn show(job: &Job, side: &Side) {
    let node = &side.node;
    for (schema, why) in side.staying() {
        job.terminal.print(&format!("node {node}: schema {schema} stays: {why}"));
    }
    for ticker in &side.tickers {
        job.terminal.print(&format!("still connected: {ticker}; where it serves nothing else: pgqd -s INI"));
    }
    for it in &side.not_back {
        job.terminal.complain(&format!("node {node}: {} is not as it was: {}", it.object, it.statement));
    }
    for it in &side.remains {
        job.terminal.complain(&format!("node {node}: left: {} {}: {}", it.kind, it.object, it.remedy));
    }
    if side.remains.is_empty() {
        job.terminal.print(&format!(
            "node {node}: nothing is left (triggers, functions, schemas, sequences, event triggers, locks, sessions)"
        ));
    }
}
