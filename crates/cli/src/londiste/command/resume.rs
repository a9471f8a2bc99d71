//! `resume`: a paused worker goes on.

use anyhow::Result;

use crate::londiste::command::pause;
use crate::londiste::flags::Whose;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

pub(crate) async fn run(job: &Job, whose: &Whose) -> Result<Outcome> {
    pause::set(job, whose, false).await
}
