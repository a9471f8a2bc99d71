//! `members`: the nodes of the queue, as this one knows them.

use anyhow::Result;
use clap::Args;
use pgq::node::{self, Location};
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::job::{Job, shown};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table;

/// Words of `members`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print connect strings as they are stored, with their passwords, for scripts
    #[arg(long)]
    pub(crate) show_passwords: bool,

    #[command(flatten)]
    pub(crate) answer: Answer,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let members = node::locations(&*local.session, job.queue()).await?;
    let location = |member: &Location| match arguments.show_passwords {
        true => member.connect_string.clone(),
        false => shown(&member.connect_string),
    };
    if arguments.answer.json {
        let object = |member: &Location| {
            json!({
                "node": member.node, "dead": member.dead, "location": location(member),
            })
        };
        let members: Vec<Value> = members.iter().map(object).collect();
        let answer =
            json!({ "version": 1, "queue": job.queue(), "node": local.info.name, "members": members });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = members
        .iter()
        .map(|member| {
            let location = location(member);
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
