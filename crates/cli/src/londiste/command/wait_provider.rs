//! `wait-provider`: until this node has what its provider has now.

use anyhow::Result;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::wait_for_worker;

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    if local.is_root() {
        job.terminal.say(&format!("node {} is the root and has no provider", local.info.name));
        return Ok(Outcome::Done);
    }
    let provider = job.provider_of(&local.info).await?;
    wait_for_worker::reach(job, &local, &provider).await
}
