//! `resume-table TABLE…`: parked tables go on from where they stand.

use anyhow::{Result, bail};
use clap::Args;
use pgq::table;

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Words of `resume-table`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs of parked tables of this node
    #[arg(value_name = "TABLE", required = true)]
    pub(crate) tables: Vec<String>,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let queue = job.queue();
    if local.is_root() {
        bail!("node {} is the root of queue {queue}: its tables are never parked", local.info.name);
    }
    let parked: Vec<String> =
        table::parked(&*local.session, queue).await?.into_iter().map(|parked| parked.table).collect();
    let mut apart = Apart::new(job.terminal);
    for name in apart.choose(&arguments.tables, &parked, "not parked on this node; see tables")? {
        let result = match table::resume(&*local.session, queue, &name).await {
            Ok(true) => {
                Ok(format!("table {name} goes on from where it stands; wait-sync tells when it is ok"))
            }
            // somebody else was faster
            Ok(false) => Ok(format!("table {name} is not parked any more")),
            Err(error) => Err(error.into()),
        };
        apart.take(&name, result);
    }
    Ok(apart.outcome())
}
