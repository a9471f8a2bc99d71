//! `seqs`: the sequences that this node knows of.

use anyhow::Result;
use pgq::seq::{self, SeqInfo};
use serde_json::{Value, json};

use crate::londiste::command::members::truth;
use crate::londiste::flags::Answer;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table;

pub(crate) async fn run(job: &Job, answer: Answer) -> Result<Outcome> {
    let local = job.local().await?;
    let seqs = seq::list(&*local.session, job.queue()).await?;
    if answer.json {
        let object = |info: &SeqInfo| {
            json!({
                "sequence": info.name, "local": info.local, "last_value": info.last_value,
            })
        };
        let seqs: Vec<Value> = seqs.iter().map(object).collect();
        let answer =
            json!({ "version": 1, "queue": job.queue(), "node": local.info.name, "sequences": seqs });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = seqs
        .iter()
        .map(|info| vec![info.name.clone(), truth(info.local).to_owned(), info.last_value.to_string()])
        .collect();
    job.terminal.print(&table("Sequences on node", &["seq_name", "local", "last_value"], &rows));
    Ok(Outcome::Done)
}
