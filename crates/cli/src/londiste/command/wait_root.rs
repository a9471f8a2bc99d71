//! `wait-root`: until this node has what the root has now.

use anyhow::Result;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::wait_for_worker;

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    if local.is_root() {
        job.terminal.say(&format!("node {} is the root: there is nothing to wait for", local.info.name));
        return Ok(Outcome::Done);
    }
    let root = job.root_above(&local.info).await?;
    wait_for_worker::reach(job, &local, &root).await
}
