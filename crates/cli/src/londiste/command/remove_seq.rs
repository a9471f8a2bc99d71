//! `remove-seq SEQUENCE…`: sequences leave replication on this node; on the root, everywhere.

use anyhow::Result;
use clap::Args;
use pgq::seq;

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Words of `remove-seq`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of sequences of this node
    #[arg(value_name = "SEQUENCE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) seqs: Vec<String>,

    /// Every sequence of this node
    #[arg(long)]
    pub(crate) all: bool,

    /// Names that are not replicated here are no failure
    #[arg(long)]
    pub(crate) force: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let queue = job.queue();
    let known = seq::list(&*local.session, queue).await?;
    let known: Vec<String> = known.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    let chosen = if arguments.all {
        known
    } else {
        apart.choose(&arguments.seqs, &known, "not replicated on this node; see seqs")?
    };
    for name in chosen {
        let removed = seq::remove(&*local.session, queue, &name).await;
        apart.take(&name, removed.map(|_| format!("sequence {name} removed")).map_err(Into::into));
    }
    Ok(apart.outcome())
}
