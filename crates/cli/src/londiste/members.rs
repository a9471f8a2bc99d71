//! `members`: the nodes of the queue, as this one knows them.

use anyhow::Result;
use pgq::node;

use super::Outcome;
use super::columns::table;
use super::job::{Job, shown};

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let members = node::locations(&*local.session, job.queue()).await?;
    let rows: Vec<Vec<String>> = members
        .iter()
        .map(|member| vec![member.node.clone(), truth(member.dead).to_owned(), shown(&member.connect_string)])
        .collect();
    let title = format!("Member info on {}@{}:", local.info.name, job.queue());
    job.terminal.print(&table(&title, &["node_name", "dead", "node_location"], &rows));
    Ok(Outcome::Done)
}

/// As scripts of old read it.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
