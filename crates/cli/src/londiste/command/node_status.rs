//! `node-status`: this node, its worker and its copies.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use pgq::{node, outlook, table};
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::{node_object, node_snapshot};

/// How long the provider may take to tell the lag.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) async fn run(job: &Job, answer: Answer) -> Result<Outcome> {
    let local = job.local().await?;
    let look = node_snapshot::at(&local.session, job.queue()).await?;
    let lag = match look.own_lag {
        Some(lag) => Some(lag),
        None => lag(job, &local).await,
    };
    if answer.json {
        let outlook = match outlook::is_known(&*local.session).await? {
            true => Some(outlook::look(&local.session, job.queue()).await?),
            false => None,
        };
        let mut object = node_object::node(&look, outlook.as_ref(), lag);
        object["version"] = json!(1);
        object["queue"] = json!(job.queue());
        object["states"] = json!(states(job, &local).await?);
        let position = |Position { table, tick, paused }: Position| {
            json!({
                "table": table, "tick": tick, "paused": paused,
            })
        };
        let positions: Vec<Value> = positions(job, &local).await?.into_iter().map(position).collect();
        object["copy_positions"] = json!(positions);
        job.terminal.print(&object.to_string());
        return Ok(Outcome::Done);
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    job.terminal.print(&format!("{} ({})", look.info.name, look.info.node_type.as_str()));
    let mut lines = vec![
        format!("Queue: {}", job.queue()),
        format!("Worker: {}", text(&look.info.worker)),
        format!("Provider: {}", text(&look.info.provider)),
        format!("Subscribers: {}", look.subscribers.join(", ")),
    ];
    lines.extend(look.lines(lag));
    let states = states(job, &local).await?;
    let words: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let words = if words.is_empty() { "no tables".to_owned() } else { words.join(", ") };
    lines.push(format!("States: {words}"));
    for Position { table, tick, paused } in positions(job, &local).await? {
        let paused = if paused { ", PAUSED" } else { "" };
        lines.push(format!("Copy: {table}, Tick: {tick}{paused}"));
    }
    lines.iter().for_each(|line| job.terminal.print(&format!("    {}", line.trim_end())));
    Ok(Outcome::Done)
}

/// How far behind its provider the worker is, if that can be told.
async fn lag(job: &Job, local: &Node) -> Option<Duration> {
    let (name, location) = (local.info.provider.as_ref()?, local.info.provider_location.as_ref()?);
    let provider = job.connect_within(name, location, LIMIT).await.ok()?;
    let above = tokio::time::timeout(LIMIT, node_snapshot::at(&provider, job.queue())).await.ok()?.ok()?;
    above.lag_of(local.info.worker.as_ref()?)
}

async fn states(job: &Job, local: &Node) -> Result<BTreeMap<String, usize>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for info in table::list(&*local.session, job.queue()).await?.iter().filter(|info| info.local) {
        // The tick behind some states is another for every table.
        let state = info.state.to_string();
        let state = state.split(':').next().unwrap_or_default().to_owned();
        *counts.entry(state).or_default() += 1;
    }
    Ok(counts)
}

/// The consumer of a table's copy.
struct Position {
    table: String,
    tick: i64,
    paused: bool,
}

async fn positions(job: &Job, local: &Node) -> Result<Vec<Position>> {
    let consumers = node::consumers(&*local.session, job.queue()).await?;
    let position = |state: &node::ConsumerState| {
        let table = pgq::copy::table_of(&state.consumer)?.to_owned();
        Some(Position { table, tick: state.completed_tick, paused: state.paused })
    };
    Ok(consumers.iter().filter_map(position).collect())
}
