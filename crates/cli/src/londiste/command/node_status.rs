//! `node-status`: this node, its worker and its copies.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use pgq::{node, table};

use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::node_snapshot;

/// How long the provider may take to tell the lag.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let look = node_snapshot::at(&local.session, job.queue()).await?;
    let lag = match look.own_lag {
        Some(lag) => Some(lag),
        None => lag(job, &local).await,
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    job.terminal.print(&format!("{} ({})", look.info.name, look.info.node_type.as_str()));
    let mut lines = vec![
        format!("Queue: {}", job.queue()),
        format!("Worker: {}", text(&look.info.worker)),
        format!("Provider: {}", text(&look.info.provider)),
        format!("Subscribers: {}", look.subscribers.join(", ")),
    ];
    lines.extend(look.lines(lag));
    lines.push(format!("States: {}", states(job, &local).await?));
    lines.extend(copies(job, &local).await?);
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

async fn states(job: &Job, local: &Node) -> Result<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for info in table::list(&*local.session, job.queue()).await?.iter().filter(|info| info.local) {
        // The tick behind some states is another for every table.
        let state = info.state.to_string();
        let state = state.split(':').next().unwrap_or_default().to_owned();
        *counts.entry(state).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    Ok(if words.is_empty() { "no tables".to_owned() } else { words.join(", ") })
}

async fn copies(job: &Job, local: &Node) -> Result<Vec<String>> {
    let consumers = node::consumers(&*local.session, job.queue()).await?;
    let copies = consumers.iter().filter_map(|state| {
        let table = pgq::copy::table_of(&state.consumer)?;
        let paused = if state.paused { ", PAUSED" } else { "" };
        Some(format!("Copy: {table}, Tick: {}{paused}", state.completed_tick))
    });
    Ok(copies.collect())
}
