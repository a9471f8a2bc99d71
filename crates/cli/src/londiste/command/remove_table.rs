//! `remove-table TABLE…`: tables leave replication on this node; on the root, everywhere.

use anyhow::Result;
use clap::Args;
use pg::Session;
use pgq::{batch, node, seq, table};

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::{foreign_keys, retry_on_lock};
use crate::terminal::describe;

/// Words of `remove-table`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of tables of this node
    #[arg(value_name = "TABLE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) tables: Vec<String>,

    /// Every table of this node
    #[arg(long)]
    pub(crate) all: bool,

    /// Names that are not replicated here are no failure
    #[arg(long)]
    pub(crate) force: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    let known = table::list(&*local.session, job.queue()).await?;
    let known: Vec<String> = known.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    let sequences = sequences(job, &local).await?;
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    let all = known.len();
    let chosen = if arguments.all {
        known
    } else {
        apart.choose(&arguments.tables, &known, "not replicated on this node; see tables")?
    };
    let leaves_none = chosen.len() == all;
    for name in chosen {
        let result = remove(job, &mut local.session, &name).await;
        let removed = result.is_ok();
        apart.take(&name, result);
        if removed
            && !local.is_root()
            && let Err(error) = forget_copy(job, &local, &name).await
        {
            job.terminal
                .warn(&format!("the copy of {name} leaves its consumer to the worker: {}", describe(&error)));
        }
    }
    let left = self::sequences(job, &local).await?;
    for gone in sequences.iter().filter(|name| !left.contains(name)) {
        job.terminal.say(&format!("{gone} has left with its table; to replicate it on: add-seq {gone}"));
    }
    if !local.is_root() && leaves_none && apart.outcome() == Outcome::Done {
        // the worker may be stopped from here on
        foreign_keys::bring_back(job, &mut local.session, &mut apart).await?;
    }
    Ok(apart.outcome())
}

/// Sequences that are replicated on this node.
async fn sequences(job: &Job, local: &Node) -> Result<Vec<String>> {
    let known = seq::list(&*local.session, job.queue()).await?;
    Ok(known.into_iter().filter(|seq| seq.local).map(|seq| seq.name).collect())
}

/// Removes one table and undoes what replication did to it.
pub(crate) async fn remove(job: &Job, session: &mut Session, name: &str) -> Result<String> {
    let queue = job.queue();
    retry_on_lock::in_transaction(job, session, name, async |transaction| {
        Ok(table::remove(transaction, queue, name).await?)
    })
    .await
}

/// A copy that was under way leaves its consumer behind, for which the provider would keep events. A running worker
/// clears that as well.
async fn forget_copy(job: &Job, local: &Node, table: &str) -> Result<()> {
    let queue = job.queue();
    let consumers = node::consumers(&*local.session, queue).await?;
    let copy = consumers.iter().find(|state| pgq::copy::table_of(&state.consumer) == Some(table));
    let Some(copy) = copy else { return Ok(()) };
    let provider = job.provider_of(&local.info).await?;
    batch::unregister(&*provider.session, queue, &copy.consumer).await?;
    node::unregister_consumer(&*local.session, queue, &copy.consumer).await?;
    Ok(())
}
