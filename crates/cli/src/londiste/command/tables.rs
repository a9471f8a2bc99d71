//! `tables`: the tables of this node, and what is worth saying of them.

use anyhow::Result;
use clap::Args;
use pgq::{outlook, table};
use serde_json::{Value, json};

use crate::londiste::flags::Answer;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::outlooks;
use crate::londiste::view::text_table::table as drawn;
use crate::londiste::view::{copy_progress, node_object, table_keys};

/// Words of `tables`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print names only, one a line
    #[arg(long, conflicts_with = "json")]
    pub(crate) names_only: bool,

    #[command(flatten)]
    pub(crate) answer: Answer,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let queue = job.queue();
    let mut tables = table::list(&*local.session, queue).await?;
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let (here, elsewhere): (Vec<_>, Vec<_>) = tables.into_iter().partition(|info| info.local);
    if arguments.names_only {
        here.iter().for_each(|info| job.terminal.print(&info.name));
        return Ok(Outcome::Done);
    }
    if arguments.answer.json {
        let elsewhere: Vec<&str> = elsewhere.iter().map(|info| info.name.as_str()).collect();
        let tables = objects(job, &local, &here).await?;
        let (queue, node) = (job.queue(), &local.info.name);
        let answer =
            json!({ "version": 1, "queue": queue, "node": node, "tables": tables, "elsewhere": elsewhere });
        job.terminal.print(&answer.to_string());
        return Ok(Outcome::Done);
    }
    let row = |info: &table::TableInfo| {
        let mut attrs: Vec<String> = info.attrs.iter().cloned().collect();
        attrs.extend(info.dest_table.iter().map(|dest| format!("dest_table={dest}")));
        vec![info.name.clone(), info.state.to_string(), attrs.join(" ")]
    };
    let rows: Vec<Vec<String>> = here.iter().map(row).collect();
    job.terminal.print(&drawn("Tables on node", &["table_name", "merge_state", "table_attrs"], &rows));
    let remarks = table::remark::list(&*local.session, queue).await.map_err(pg::Error::from)?;
    let copies = copy_progress::running(&local.session, queue).await?;
    let keys = table_keys::remarks(job, &local, &here).await?;
    if !remarks.is_empty() || !copies.is_empty() || !keys.is_empty() {
        job.terminal.print("");
    }
    for (table, copy) in &copies {
        job.terminal.print(&format!("{table}: {}", copy.line()));
    }
    for (table, remark) in keys {
        job.terminal.print(&format!("{table}: {remark}"));
    }
    for (table, remark) in remarks {
        job.terminal.print(&format!("{table}: {}", remark.replace('\n', " ")));
    }
    if !elsewhere.is_empty() {
        job.terminal.say(&format!(
            "\nnot replicated on this node: {} tables of the queue (see missing)",
            elsewhere.len()
        ));
    }
    Ok(Outcome::Done)
}

/// For machines: each table with what is known of it.
async fn objects(job: &Job, local: &Node, here: &[table::TableInfo]) -> Result<Vec<Value>> {
    let session = &local.session;
    let seen = match outlook::is_known(&**session).await? {
        true => Some(outlooks::look(job, session, &local.info).await?),
        false => None,
    };
    let mut remarks = table_keys::remarks(job, local, here).await?;
    remarks.extend(table::remark::list(&**session, job.queue()).await.map_err(pg::Error::from)?);
    let object = |info: &table::TableInfo| {
        let known = seen.as_ref().and_then(|seen| seen.tables.iter().find(|table| table.name == info.name));
        let said = remarks.iter().filter(|(table, _)| table == info.dest()).map(|(_, remark)| remark);
        json!({
            "table": info.name,
            "dest_table": info.dest(),
            "state": info.state.to_string(),
            "attributes": info.attrs,
            "parked": known.is_some_and(|known| known.parked),
            "trouble": known.and_then(|known| known.trouble.as_ref()),
            "conflicts": known.map(|known| known.conflicts),
            "copy": known.and_then(|known| known.copy.as_ref()).map(node_object::copy),
            "comparison": known.and_then(|known| known.comparison.as_ref()).map(node_object::comparison),
            "remarks": said.collect::<Vec<_>>(),
        })
    };
    Ok(here.iter().map(object).collect())
}
