//! `add-seq SEQUENCE…`: sequences enter replication on this node. The root publishes values ahead of them, other nodes
//! follow those.

use anyhow::{Result, bail};
use clap::Args;
use parts::fail_point;

use crate::londiste::command::create_seq;
use crate::londiste::command::create_table::Plan;
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::kind::Kind;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::selection;

/// Words of `add-seq`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Names or globs: public.orders_id_seq, public.*; without a schema: public
    #[arg(value_name = "SEQUENCE", required_unless_present = "all")]
    pub(crate) seqs: Vec<String>,

    /// Every sequence: on the root, of the database; on other nodes, of the provider
    #[arg(long)]
    pub(crate) all: bool,

    /// Leave out sequences that do not exist on this node
    #[arg(long)]
    pub(crate) skip_non_existing: bool,

    /// Create a sequence that is missing on this node, as the provider has it: type, increment, bounds, start, cache,
    /// cycle
    #[arg(long)]
    pub(crate) create: bool,

    /// The same: a sequence has nothing more
    #[arg(long)]
    pub(crate) create_full: bool,

    /// Names that are not to be had are no failure
    #[arg(long)]
    pub(crate) force: bool,

    /// Has no meaning for sequences; accepted for symmetry with add-table
    #[arg(long)]
    pub(crate) no_triggers: bool,

    /// Has no meaning for sequences; accepted for symmetry with add-table
    #[arg(long)]
    pub(crate) expect_sync: bool,

    /// Has no meaning for sequences; accepted for symmetry with add-table
    #[arg(long)]
    pub(crate) skip_truncate: bool,
}

impl Arguments {
    fn creates(&self) -> bool {
        self.create || self.create_full
    }
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    if local.is_root() && arguments.creates() {
        bail!("node {} is the root: --create takes a sequence from the provider", local.info.name);
    }
    let provider = if local.is_root() { None } else { Some(job.provider_of(&local.info).await?) };
    let words = (arguments.all, arguments.seqs.as_slice());
    let chosen = selection::choose(job, &local, provider.as_ref(), Kind::Sequence, words, &mut apart).await?;
    for name in chosen {
        let is_here = create_seq::exists(&local.session, &name).await?;
        if arguments.skip_non_existing && !is_here && !arguments.creates() {
            job.terminal.say(&format!("sequence {name} left out: it does not exist here"));
            continue;
        }
        let plan = match &provider {
            Some(provider) if arguments.creates() && !is_here => {
                create_seq::plan(&provider.session, &name).await
            }
            _ => Ok(Plan::default()),
        };
        let added = match plan {
            Ok(plan) => add(job, &mut local, &name, &plan, arguments.creates() && !is_here).await,
            Err(error) => Err(error),
        };
        apart.take(&name, added);
        fail_point::reached("sequence-added");
    }
    Ok(apart.outcome())
}

async fn add(job: &Job, local: &mut Node, name: &str, plan: &Plan, creates: bool) -> Result<String> {
    let transaction = local.session.transaction().await.map_err(pg::Error::from)?;
    create_seq::add(&transaction, job.queue(), name, plan).await?;
    transaction.commit().await.map_err(pg::Error::from)?;
    Ok(format!("sequence {name} {}", if creates { "created and added" } else { "added" }))
}
