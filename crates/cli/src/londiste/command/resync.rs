//! `resync TABLE…`: tables are copied again.

use anyhow::{Result, bail};
use clap::Args;
use pgq::table::{self, MergeState};
use pgq::{copy, identity};
use tokio_postgres::Transaction;

use crate::londiste::command::wait_sync;
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Words of `resync`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of tables of this node
    #[arg(value_name = "TABLE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) tables: Vec<String>,

    /// Every table of this node
    #[arg(long)]
    pub(crate) all: bool,

    /// Wait until the tables are in sync
    #[arg(long)]
    pub(crate) wait_sync: bool,

    /// Names that are not replicated here are no failure
    #[arg(long)]
    pub(crate) force: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    let queue = job.queue();
    if local.is_root() {
        bail!("node {} is the root of queue {queue}: its tables are copied from nowhere", local.info.name);
    }
    let known = table::list(&*local.session, queue).await?;
    let known: Vec<String> = known.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    let chosen = if arguments.all {
        known
    } else {
        apart.choose(&arguments.tables, &known, "not replicated on this node; see tables")?
    };
    let mut begun = Vec::new();
    for name in chosen {
        let transaction = local.session.transaction().await.map_err(pg::Error::from)?;
        let result = again(&transaction, queue, &name).await;
        if result.is_ok() {
            transaction.commit().await.map_err(pg::Error::from)?;
            begun.push(name.clone());
        } else {
            transaction.rollback().await.map_err(pg::Error::from)?;
        }
        apart.take(&name, result);
    }
    if arguments.wait_sync
        && !begun.is_empty()
        && wait_sync::until_ok(job, &local.session, &begun).await? == Outcome::Partly
    {
        return Ok(Outcome::Partly);
    }
    Ok(apart.outcome())
}

/// A copy that has put the table's indexes away keeps them in `dropped_ddl`, which the state `None` has no room for: it
/// starts over in its present state.
pub(crate) async fn again(transaction: &Transaction<'_>, queue: &str, name: &str) -> Result<String> {
    let has_dropped = table::lock_and_has_dropped(transaction, queue, name).await.map_err(pg::Error::from)?;
    let state = if has_dropped { MergeState::InCopy } else { MergeState::Waiting };
    table::set_state(transaction, queue, name, state, None).await?;
    table::clear_errors(transaction, queue, &[name]).await?;
    table::forget_partition_notices(transaction, queue, name).await?;
    identity::know_again(transaction, queue, name).await?;
    copy::record::forget(transaction, queue, name).await.map_err(pg::Error::from)?;
    table::tell_worker(transaction, queue).await?;
    Ok(format!("table {name} will be copied again"))
}
