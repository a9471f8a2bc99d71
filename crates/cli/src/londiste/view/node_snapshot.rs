//! Snapshot of a node: its tables, consumers, ticks and errors.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use futures_util::future::BoxFuture;
use pg::Client;
use pgq::compared::Summary;
use pgq::node::{self, NodeInfo, NodeType};
use pgq::table::{self, MergeState};
use pgq::{comparison, conflict, drift, queue, session_name, skipped};

use crate::londiste::view::copy_progress;
use crate::londiste::view::duration::short;

/// What a node says of itself.
#[derive(Debug)]
pub(crate) struct NodeSnapshot {
    pub(crate) info: NodeInfo,
    pub(crate) tables: Counts,
    /// Nodes that it serves.
    pub(crate) subscribers: Vec<String>,
    /// How far behind its queue each consumer of it is.
    pub(crate) consumer_lags: Vec<(String, Duration)>,
    /// Age of its newest tick, on a root.
    pub(crate) own_lag: Option<Duration>,
    /// Its newest tick on a root, the last applied one elsewhere.
    pub(crate) tick: Option<i64>,
    /// What its copies are doing.
    pub(crate) copies: Vec<String>,
    /// What its worker is at, where that takes long, and conflicts that were settled.
    pub(crate) remarks: Vec<String>,
    /// Errors of its consumers and tables.
    pub(crate) errors: Vec<String>,
}

/// Tables in sync, on their way, and not replicated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) ok: usize,
    pub(crate) half: usize,
    pub(crate) ignored: usize,
}

impl Counts {
    fn of(tables: &[table::TableInfo]) -> Counts {
        let mut counts = Counts::default();
        for info in tables {
            match (info.local, info.state) {
                (false, _) => counts.ignored += 1,
                (true, MergeState::Ok) => counts.ok += 1,
                (true, _) => counts.half += 1,
            }
        }
        counts
    }
}

impl NodeSnapshot {
    /// How far behind its queue a consumer of this node is.
    pub(crate) fn lag_of(&self, consumer: &str) -> Option<Duration> {
        self.consumer_lags.iter().find(|(name, _)| name == consumer).map(|(_, lag)| *lag)
    }

    /// The lines of `status`.
    pub(crate) fn lines(&self, lag: Option<Duration>) -> Vec<String> {
        let Counts { ok, half, ignored } = self.tables;
        let mut lines = vec![format!("Tables: {ok}/{half}/{ignored}"), self.position(lag)];
        lines.extend(self.copies.iter().cloned());
        lines.extend(self.remarks.iter().cloned());
        lines.extend(self.errors.iter().map(|error| format!("ERR: {}", error.replace('\n', " "))));
        lines
    }

    fn position(&self, lag: Option<Duration>) -> String {
        let lag = lag.map_or_else(|| "(n/a)".to_owned(), short);
        let tick = self.tick.map_or_else(|| "(n/a)".to_owned(), |tick| tick.to_string());
        let paused = if self.info.paused { ", PAUSED" } else { "" };
        let uptodate = if self.info.uptodate { "" } else { ", NOT UPTODATE" };
        format!("Lag: {lag}, Tick: {tick}{paused}{uptodate}")
    }
}

/// Looks at the node in a database.
pub(crate) fn at<'a>(session: &'a Client, queue: &'a str) -> BoxFuture<'a, Result<NodeSnapshot>> {
    // boxed: several commands wait for it
    Box::pin(looked_at(session, queue))
}

async fn looked_at(session: &Client, queue: &str) -> Result<NodeSnapshot> {
    let info = node::require(session, queue).await?;
    let tables = Counts::of(&table::list(session, queue).await?);
    let serves = info.node_type != NodeType::Leaf;
    let subscribers = if serves { node::subscribers(session, queue).await? } else { Vec::new() };
    let newest = if info.node_type == NodeType::Root { newest_tick(session, queue).await? } else { None };
    Ok(NodeSnapshot {
        tables,
        subscribers: subscribers.into_iter().map(|subscriber| subscriber.node).collect(),
        consumer_lags: if serves { consumer_lags(session, queue).await? } else { Vec::new() },
        own_lag: newest.map(|(_, age)| age),
        tick: newest.map(|(tick, _)| tick).or(info.last_tick),
        copies: copy_progress::running(session, queue)
            .await?
            .iter()
            .map(|(table, copy)| format!("{table}: {}", copy.line()))
            .collect(),
        remarks: remarks(session, queue, info.worker.as_deref()).await?,
        errors: errors(session, queue).await?,
        info,
    })
}

fn seconds(seconds: Option<f64>) -> Duration {
    Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default()
}

async fn newest_tick(session: &Client, queue: &str) -> Result<Option<(i64, Duration)>> {
    let newest = queue::newest_tick(session, queue).await.map_err(pg::Error::from)?;
    Ok(newest.map(|(tick, age)| (tick, seconds(age))))
}

async fn consumer_lags(session: &Client, queue: &str) -> Result<Vec<(String, Duration)>> {
    let lags = queue::consumer_lags(session, queue).await.map_err(pg::Error::from)?;
    Ok(lags.into_iter().map(|(consumer, lag)| (consumer, seconds(lag))).collect())
}

/// Errors of consumers, and of tables where the node is ours.
async fn errors(session: &Client, queue: &str) -> Result<Vec<String>> {
    let consumers = node::consumers(session, queue).await?;
    let mut errors: Vec<String> = consumers
        .iter()
        .filter_map(|state| state.error.as_ref().map(|error| format!("{}: {error}", state.consumer)))
        .collect();
    if table::knows_troubles(session).await.map_err(pg::Error::from)? {
        let troubles = table::troubles(session, queue).await.map_err(pg::Error::from)?;
        errors.extend(troubles.iter().map(|(table, trouble)| format!("{table}: {trouble}")));
    }
    Ok(errors)
}

/// The progress of a large batch, which stands in the name of the session that writes it, and conflicts that were
/// settled.
async fn remarks(session: &Client, queue: &str, worker: Option<&str>) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    if let Some(worker) = worker {
        for (batch, time) in session_name::batches(session, worker).await.map_err(pg::Error::from)? {
            let (session_name::Batch { events, about }, since) = (batch, short(time));
            remarks.push(format!("Batch: {events} of about {about} events, since {since}"));
        }
    }
    if conflict::are_recorded(session).await.map_err(pg::Error::from)? {
        let counters = conflict::list(session, queue).await?;
        let sum: i64 = counters.iter().map(|counter| counter.conflicts).sum();
        if sum > 0 {
            remarks.push(format!("Conflicts: {sum} in {} tables, see tables", counters.len()));
        }
    }
    if comparison::is_known(session).await? {
        let compared = Summary::of(&comparison::list(session, queue).await?, SystemTime::now()).words();
        if !compared.is_empty() {
            remarks.push(format!("Compared: {compared}"));
        }
    }
    if drift::is_known(session).await? {
        let found = drift::remarks(session, queue).await?;
        remarks.extend(found.iter().map(|(table, remark)| format!("{table}: {}", remark.replace('\n', " "))));
    }
    if skipped::are_recorded(session).await.map_err(pg::Error::from)? {
        let skipped = skipped::remarks(session, queue).await?;
        remarks.extend(skipped.iter().map(|(table, remark)| format!("{table}: {remark}")));
    }
    Ok(remarks)
}
