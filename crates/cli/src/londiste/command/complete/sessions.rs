//! Sessions of workers: nothing is changed while one is connected.

use std::time::Duration;

use anyhow::{Result, bail};
use pgq::remains::{self, Connected};
use tokio::time::{Instant, sleep};

use super::ends::Ends;
use crate::londiste::support::job::Job;

/// A process that was told to stop is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(200);

/// Sessions of workers, tickers and other commands on both sides, each with the name of its node.
pub(super) async fn connected(ends: &Ends) -> Result<Vec<(String, Connected)>> {
    let jobs: Vec<String> = ends.iter().flat_map(|end| end.jobs.clone()).collect();
    let mut found = Vec::new();
    for end in ends.iter() {
        let there = remains::sessions(&*end.session, &jobs).await?;
        found.extend(there.into_iter().map(|session| (end.name().to_owned(), session)));
    }
    Ok(found)
}

/// Waits a moment until no worker is connected. A ticker may be: it serves other queues as well.
///
/// # Errors
/// Workers are connected: they are named, with what stops them.
pub(super) async fn refuse(job: &Job, ends: &Ends) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut there = connected(ends).await?;
        there.retain(|(_, session)| !session.is_ticker);
        if there.is_empty() {
            return Ok(());
        }
        if Instant::now() >= until {
            let named: Vec<String> = there.iter().map(|(node, session)| named(node, session)).collect();
            bail!(
                "workers or commands are still at work: {}. Stop them, then give the command again: londiste \
                 -s INI for a worker ({}), londisted -s INI... for a daemon, systemctl stop where a unit \
                 runs it. Nothing has changed",
                named.join("; "),
                job.ini.display()
            );
        }
        sleep(LOOK).await;
    }
}

/// A session, for people.
pub(super) fn named(node: &str, session: &Connected) -> String {
    format!(
        "{} on node {node} (server process {}, from {})",
        session.application, session.pid, session.machine
    )
}
