//! `missing`: tables and sequences that this node does not replicate: on the root, of its database; elsewhere, of the
//! queue.

use anyhow::Result;
use pgq::replicable;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table;

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let missing = replicable::missing(&*local.session, job.queue(), job.settings.capture).await?;
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
