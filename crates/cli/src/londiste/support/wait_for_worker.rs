//! Waits for this node's worker, with what keeps it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pg::Client;
use pgq::{batch, node, queue, table};

use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;

/// How often the databases are asked: workers are other processes, nothing tells of their commits.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A worker that has not moved for so long is spoken of.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a tick on a node, where that is possible, and answers its newest one.
pub(crate) async fn tick_now(job: &Job, at: &Client) -> Result<Option<i64>> {
    let queue = job.queue();
    if batch::can_tick_now(at).await? {
        if let Some(tick) = batch::tick_now(at, queue).await? {
            return Ok(Some(tick));
        }
    } else {
        queue::force_tick(at, queue).await.map_err(pg::Error::from)?;
    }
    Ok(batch::last_tick(at, queue).await?)
}

/// Waits until the local worker has applied everything up to a tick that is made now on the node above. `Partly` when
/// there are tables that it has left out because they are parked.
pub(crate) async fn reach(job: &Job, local: &Node, above: &Node) -> Result<Outcome> {
    let queue = job.queue();
    let tick = tick_now(job, &above.session).await?;
    let tick = tick.with_context(|| format!("queue {queue} has no tick on node {}", above.info.name))?;
    let name = &local.info.name;
    job.terminal.say(&format!("waiting until node {name} has tick {tick} of node {}", above.info.name));
    let mut obstacles = Obstacles::default();
    loop {
        let info = node::require(&*local.session, queue).await?;
        if let Some(reached) = info.last_tick.filter(|reached| *reached >= tick) {
            job.terminal.say(&format!("node {name} has tick {reached}"));
            let parked = table::parked(&*local.session, queue).await?;
            for table in &parked {
                job.terminal
                    .complain(&format!("table {} is parked and lacks changes: {}", table.table, table.error));
            }
            return Ok(Outcome::of(parked.len()));
        }
        obstacles.tell(job, &local.session, &format!("{:?}", info.last_tick)).await?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What keeps a node's consumers, said when it changes.
#[derive(Debug)]
pub(crate) struct Obstacles {
    told: Vec<String>,
    progress: String,
    since: Instant,
    patience: Duration,
}

impl Default for Obstacles {
    fn default() -> Self {
        Obstacles { told: Vec::new(), progress: String::new(), since: Instant::now(), patience: PATIENCE }
    }
}

impl Obstacles {
    /// Says new errors of consumers and tables, and that nothing moves where `progress` stays the same for long.
    pub(crate) async fn tell(&mut self, job: &Job, session: &Client, progress: &str) -> Result<()> {
        let now = obstacles(job, session).await?;
        for line in now.iter().filter(|line| !self.told.contains(line)) {
            job.terminal.warn(line);
        }
        self.told = now;
        if self.progress != progress {
            progress.clone_into(&mut self.progress);
            self.since = Instant::now();
            self.patience = PATIENCE;
        } else if self.since.elapsed() > self.patience {
            job.terminal.warn(&format!(
                "nothing has moved for {} s; \
                 is the worker running? start it with londiste -d {} worker (still waiting)",
                self.since.elapsed().as_secs(),
                job.ini.display()
            ));
            self.patience *= 3;
        }
        Ok(())
    }
}

/// Errors and pauses of a node's consumers and tables, one line each.
pub(crate) async fn obstacles(job: &Job, session: &Client) -> Result<Vec<String>> {
    let queue = job.queue();
    let mut lines = Vec::new();
    for state in node::consumers(session, queue).await? {
        if let Some(error) = state.error {
            lines.push(format!("{}: {}", state.consumer, error.replace('\n', " ")));
        }
        if state.paused {
            lines.push(format!("{} is paused (resume lets it go on)", state.consumer));
        }
    }
    let troubles = table::troubles(session, queue).await.map_err(pg::Error::from)?;
    lines.extend(troubles.iter().map(|(table, trouble)| format!("{table}: {trouble}")));
    Ok(lines)
}
