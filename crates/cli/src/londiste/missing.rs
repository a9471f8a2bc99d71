//! `missing`: tables and sequences of the queue that this node does not replicate.

use anyhow::Result;

use super::Outcome;
use super::columns::table;
use super::job::Job;

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let sql = "select obj_kind, obj_name from londiste.local_show_missing($1)";
    let missing = local.session.query(sql, &[&job.queue()]).await.map_err(pg::Error::from)?;
    let rows: Vec<Vec<String>> = missing.iter().map(|row| vec![row.get(0), row.get(1)]).collect();
    if rows.is_empty() {
        job.terminal.say(&format!("node {} replicates everything of queue {}", local.info.name, job.queue()));
    } else {
        job.terminal.print(&table("Missing objects on node", &["obj_kind", "obj_name"], &rows));
    }
    Ok(Outcome::Done)
}
