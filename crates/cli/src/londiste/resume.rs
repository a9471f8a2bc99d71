//! `resume`: a paused worker goes on.

use anyhow::Result;

use super::flags::Whose;
use super::job::Job;
use super::{Outcome, pause};

pub(crate) async fn run(job: &Job, whose: &Whose) -> Result<Outcome> {
    pause::set(job, whose, false).await
}
