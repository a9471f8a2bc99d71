//! `seqs`: the sequences that this node knows of.

use anyhow::Result;
use pgq::seq;

use crate::londiste::command::members::truth;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table;

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let seqs = seq::list(&*local.session, job.queue()).await?;
    let rows: Vec<Vec<String>> = seqs
        .iter()
        .map(|info| vec![info.name.clone(), truth(info.local).to_owned(), info.last_value.to_string()])
        .collect();
    job.terminal.print(&table("Sequences on node", &["seq_name", "local", "last_value"], &rows));
    Ok(Outcome::Done)
}
