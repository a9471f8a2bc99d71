//! `members`: the nodes of the queue, as this one knows them.

use anyhow::Result;
use clap::Args;
use pgq::node;

use crate::londiste::support::job::{Job, shown};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table;

/// Words of `members`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print connect strings as they are stored, with their passwords, for scripts
    #[arg(long)]
    pub(crate) show_passwords: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let members = node::locations(&*local.session, job.queue()).await?;
    let rows: Vec<Vec<String>> = members
        .iter()
        .map(|member| {
            let location = match arguments.show_passwords {
                true => member.connect_string.clone(),
                false => shown(&member.connect_string),
            };
            vec![member.node.clone(), truth(member.dead).to_owned(), location]
        })
        .collect();
    let title = format!("Member info on {}@{}:", local.info.name, job.queue());
    job.terminal.print(&table(&title, &["node_name", "dead", "node_location"], &rows));
    Ok(Outcome::Done)
}

/// As scripts of old read it.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
