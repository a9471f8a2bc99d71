//! `wait-provider`: until this node has what its provider has now.

use anyhow::Result;

use super::job::Job;
use super::{Outcome, progress};

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    if local.is_root() {
        job.terminal.say(&format!("node {} is the root and has no provider", local.info.name));
        return Ok(Outcome::Done);
    }
    let provider = job.provider_of(&local.info).await?;
    progress::reach(job, &local, &provider).await
}
