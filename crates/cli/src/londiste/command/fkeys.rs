//! `fkeys`: foreign keys at either end of this node's tables.

use anyhow::Result;
use pgq::table;

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::text_table::table as layout;

/// Those that are there.
const ACTIVE: &str = "\
select distinct f.from_table, f.to_table, f.fkey_name, f.fkey_def
  from unnest($1::text[]) t (name) cross join lateral londiste.find_table_fkeys(t.name) f
 order by 1, 3";

/// Those that replication has put away, or has still to validate.
const PENDING: &str = "\
select c.table_name, c.to_table, c.fkey_name, coalesce(c.state || ': ' || c.error, c.state)
  from londiste_rs.changed_fkey c
 where (c.table_name = any ($1) or c.to_table = any ($1)) and c.state <> 'relaxed'
 order by 1, 3";

pub(crate) async fn run(job: &Job) -> Result<Outcome> {
    let local = job.local().await?;
    let infos = table::list(&*local.session, job.queue()).await?;
    let names: Vec<&str> = infos.iter().filter(|info| info.local).map(|info| info.dest()).collect();
    for (title, sql, last) in [("Active fkeys", ACTIVE, "fkey_def"), ("Pending fkeys", PENDING, "state")] {
        let rows = local.session.query(sql, &[&names]).await.map_err(pg::Error::from)?;
        let cells = |row: &tokio_postgres::Row| (0..4).map(|at| row.get::<_, String>(at)).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
        job.terminal.print(&layout(title, &["from_table", "to_table", "fkey_name", last], &rows));
        job.terminal.print("");
    }
    Ok(Outcome::Done)
}
