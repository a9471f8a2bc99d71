//! `wait-root`: until this node has what the root has now.

use anyhow::Result;

use super::job::Job;
use super::{Outcome, progress};

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    if local.is_root() {
        job.terminal.say(&format!("node {} is the root: there is nothing to wait for", local.info.name));
        return Ok(Outcome::Done);
    }
    let root = job.root_above(&local.info).await?;
    progress::reach(job, &local, &root).await
}
