//! `tables`: the tables of this node, and what is worth saying of them.

use anyhow::Result;
use clap::Args;
use pgq::table;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table as drawn;
use crate::londiste::view::{copy_progress, table_keys};

/// Words of `tables`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print names only, one a line
    #[arg(long)]
    pub(crate) names_only: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let queue = job.queue();
    let mut tables = table::list(&*local.session, queue).await?;
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let (here, elsewhere): (Vec<_>, Vec<_>) = tables.into_iter().partition(|info| info.local);
    if arguments.names_only {
        here.iter().for_each(|info| job.terminal.print(&info.name));
        return Ok(Outcome::Done);
    }
    let row = |info: &table::TableInfo| {
        let mut attrs: Vec<String> = info.attrs.iter().cloned().collect();
        attrs.extend(info.dest_table.iter().map(|dest| format!("dest_table={dest}")));
        vec![info.name.clone(), info.state.to_string(), attrs.join(" ")]
    };
    let rows: Vec<Vec<String>> = here.iter().map(row).collect();
    job.terminal.print(&drawn("Tables on node", &["table_name", "merge_state", "table_attrs"], &rows));
    let remarks = table::remark::list(&*local.session, queue).await.map_err(pg::Error::from)?;
    let copies = copy_progress::running(&local.session, queue).await?;
    let keys = table_keys::remarks(job, &local, &here).await?;
    if !remarks.is_empty() || !copies.is_empty() || !keys.is_empty() {
        job.terminal.print("");
    }
    for (table, copy) in &copies {
        job.terminal.print(&format!("{table}: {}", copy.line()));
    }
    for (table, remark) in keys {
        job.terminal.print(&format!("{table}: {remark}"));
    }
    for (table, remark) in remarks {
        job.terminal.print(&format!("{table}: {}", remark.replace('\n', " ")));
    }
    if !elsewhere.is_empty() {
        job.terminal.say(&format!(
            "\nnot replicated on this node: {} tables of the queue (see missing)",
            elsewhere.len()
        ));
    }
    Ok(Outcome::Done)
}
