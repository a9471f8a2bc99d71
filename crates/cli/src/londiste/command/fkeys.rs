//! `fkeys`: foreign keys at either end of this node's tables.

use anyhow::Result;
use pgq::foreign_key::report::{self, Shown};
use pgq::table;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table as layout;

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let infos = table::list(&*local.session, job.queue()).await?;
    let names: Vec<&str> = infos.iter().filter(|info| info.local).map(|info| info.dest()).collect();
    let (active, pending) =
        (report::active(&*local.session, &names), report::pending(&*local.session, &names));
    let active = active.await.map_err(pg::Error::from)?;
    let pending = pending.await.map_err(pg::Error::from)?;
    for (title, fkeys, last) in [("Active fkeys", active, "fkey_def"), ("Pending fkeys", pending, "state")] {
        let cells =
            |Shown { from_table, to_table, name, about }: Shown| vec![from_table, to_table, name, about];
        let rows: Vec<Vec<String>> = fkeys.into_iter().map(cells).collect();
        job.terminal.print(&layout(title, &["from_table", "to_table", "fkey_name", last], &rows));
        job.terminal.print("");
    }
    Ok(Outcome::Done)
}
