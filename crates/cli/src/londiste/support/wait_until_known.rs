//! Waits until a leaf knows names. Its worker learns them from events of the root: a command that comes right after the
//! root's waits for them.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use pgq::node;

use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::kind::Kind;
use crate::londiste::support::wait_for_worker;
use crate::londiste::support::wait_for_worker::LOOK_AGAIN;

const PATIENCE: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(30);

/// Waits until the worker has brought all these names of the provider to this node; answers those that have not come in
/// time.
///
/// # Errors
/// The worker is paused, or a database is lost.
pub(crate) async fn wait(
    job: &Job,
    local: &Node,
    provider: &Node,
    kind: Kind,
    names: &[String],
) -> Result<Vec<String>> {
    let queue = job.queue();
    let started = Instant::now();
    let mut patient = true;
    let mut tick = None;
    let mut ticked = false;
    loop {
        let known = kind.known(&local.session, queue).await?;
        let missing = |name: &&String| !known.iter().any(|known| known.name == **name);
        let waiting: Vec<String> = names.iter().filter(missing).cloned().collect();
        if waiting.is_empty() {
            return Ok(waiting);
        }
        if !ticked {
            ticked = true;
            tick = wait_for_worker::tick_now(job, &provider.session).await?;
        }
        let node = node::require(&*local.session, queue).await?;
        if tick.is_some() && node.last_tick >= tick {
            // the worker has passed the provider's event, which register_only_* or register_skip_* made it leave out
            for name in &waiting {
                kind.learn(job, local, provider, name).await?;
            }
            continue;
        }
        if node.paused {
            bail!(
                "node {} is paused and does not learn of the provider's {}; let it go on: londiste {} resume",
                local.info.name,
                kind.plural(),
                job.ini.display()
            );
        }
        if patient && started.elapsed() > PATIENCE {
            patient = false;
            let count = waiting.len();
            job.terminal
                .say(&format!("waiting for the worker to bring {count} {} of the provider", kind.plural()));
            wait_for_worker::obstacles(job, &local.session)
                .await?
                .iter()
                .for_each(|line| job.terminal.warn(line));
        }
        if started.elapsed() > LIMIT {
            return Ok(waiting);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Why a name of the provider has not come here, and what to do.
pub(crate) fn late(job: &Job) -> String {
    format!(
        "known to the provider, but the worker has not brought it here within {} s; is the worker running? \
         start it with londiste -d {} worker",
        LIMIT.as_secs(),
        job.ini.display()
    )
}
