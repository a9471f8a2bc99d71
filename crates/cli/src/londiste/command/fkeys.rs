//! `fkeys`: foreign keys at either end of this node's tables.

use anyhow::Result;
use pgq::foreign_key::report::{self, Shown};
use pgq::table;
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table as layout;

pub(crate) async fn run(job: &Job, answer: Answer) -> Result<Outcome> {
    let local = job.local().await?;
    let infos = table::list(&*local.session, job.queue()).await?;
    let names: Vec<&str> = infos.iter().filter(|info| info.local).map(|info| info.dest()).collect();
    let (active, pending) =
        (report::active(&*local.session, &names), report::pending(&*local.session, &names));
    let active = active.await.map_err(pg::Error::from)?;
    let pending = pending.await.map_err(pg::Error::from)?;
    if answer.json {
        let object = |fkey: &Shown, about: &str| {
            json!({
                "from_table": fkey.from_table, "to_table": fkey.to_table, "name": fkey.name, about: fkey.about,
            })
        };
        let active: Vec<Value> = active.iter().map(|fkey| object(fkey, "definition")).collect();
        let pending: Vec<Value> = pending.iter().map(|fkey| object(fkey, "state")).collect();
        let (queue, node) = (job.queue(), &local.info.name);
        let answer =
            json!({ "version": 1, "queue": queue, "node": node, "active": active, "pending": pending });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    for (title, fkeys, last) in [("Active fkeys", active, "fkey_def"), ("Pending fkeys", pending, "state")] {
        let cells =
            |Shown { from_table, to_table, name, about }: Shown| vec![from_table, to_table, name, about];
        let rows: Vec<Vec<String>> = fkeys.into_iter().map(cells).collect();
        job.terminal.print(&layout(title, &["from_table", "to_table", "fkey_name", last], &rows));
        job.terminal.print("");
    }
    Ok(Outcome::Done)
}
