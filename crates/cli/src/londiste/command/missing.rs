//! `missing`: tables and sequences that this node does not replicate: on the root, of its database; elsewhere, of the
//! queue.

use anyhow::Result;
use pgq::replicable::{self, Object};
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table;

pub(crate) async fn run(job: &Job, answer: Answer) -> Result<Outcome> {
    let local = job.local().await?;
    let missing = replicable::missing(&*local.session, job.queue(), job.settings.capture).await?;
    if answer.json {
        let object = |object: &Object| json!({ "kind": kind(object), "name": object.name });
        let missing: Vec<Value> = missing.iter().map(object).collect();
        let answer =
            json!({ "version": 1, "queue": job.queue(), "node": local.info.name, "missing": missing });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = missing.into_iter().map(|object| vec![object.kind, object.name]).collect();
    if rows.is_empty() {
        let of = if local.is_root() { "its database" } else { "the queue" };
        job.terminal.say(&format!(
            "node {} replicates everything of {of} (queue {})",
            local.info.name,
            job.queue()
        ));
    } else {
        job.terminal.print(&text_table::table("Missing objects on node", &["obj_kind", "obj_name"], &rows));
    }
    Ok(Outcome::Done)
}

/// The letter of its catalog, in words.
fn kind(object: &Object) -> &str {
    match object.kind.as_str() {
        "r" => "table",
        "S" => "sequence",
        other => other,
    }
}
