//! `remove-table TABLE…`: tables leave replication on this node; on the root, everywhere.

use anyhow::{Context, Result};
use clap::Args;
use pg::{Client, Session};
use pgq::node::NodeInfo;
use pgq::{batch, node, table};

use super::apart::Apart;
use super::job::Job;
use super::{Outcome, locked};

/// Words of `remove-table`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of tables of this node
    #[arg(value_name = "TABLE", required = true)]
    pub(crate) tables: Vec<String>,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let mut local = job.local().await?;
    let known = table::list(&*local.session, job.queue()).await?;
    let known: Vec<String> = known.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    let mut apart = Apart::new(job.terminal);
    for name in apart.choose(&arguments.tables, &known, "not replicated on this node; see tables")? {
        let result = remove(job, &mut local.session, &name).await;
        let removed = result.is_ok();
        apart.take(&name, result);
        if removed && !local.is_root() {
            forget_copy(job, &local.session, &local.info, &name).await?;
        }
    }
    Ok(apart.outcome())
}

/// Removes one table and undoes what replication did to it.
pub(crate) async fn remove(job: &Job, session: &mut Session, name: &str) -> Result<String> {
    let queue = job.queue();
    locked::in_transaction(job, session, name, async |transaction| {
        Ok(table::remove(transaction, queue, name).await?)
    })
    .await
}

/// A copy that was under way leaves its consumer behind: the queue must not wait for it.
async fn forget_copy(job: &Job, session: &Client, info: &NodeInfo, table: &str) -> Result<()> {
    let (queue, Some(worker)) = (job.queue(), &info.worker) else { return Ok(()) };
    let copy = format!("{worker}.copy.{table}");
    if node::consumer_state(session, queue, &copy).await?.is_none() {
        return Ok(());
    }
    let remedy = || {
        format!(
            "the copy's consumer {copy} is left at the provider and keeps its events; there: select pgq.unregister_consumer('{queue}', '{copy}')"
        )
    };
    let provider = job.provider_of(info).await.with_context(remedy)?;
    batch::unregister(&*provider.session, queue, &copy).await.with_context(remedy)?;
    node::unregister_consumer(session, queue, &copy).await?;
    Ok(())
}
