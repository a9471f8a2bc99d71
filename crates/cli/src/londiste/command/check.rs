//! `check`: the columns of this node's tables beside the provider's.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use clap::Args;
use pg::{Column, Table};
use pgq::{skipped, table};
use serde_json::json;

use crate::londiste::flags::Answer;
use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;

/// Words of `check`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs (default: every table of this node)
    #[arg(value_name = "TABLE")]
    pub(crate) tables: Vec<String>,

    #[command(flatten)]
    pub(crate) answer: Answer,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    if local.is_root() {
        bail!("node {} is the root: it has no provider to be compared with", local.info.name);
    }
    let provider = job.provider_of(&local.info).await?;
    let infos = table::list(&*local.session, job.queue()).await?;
    let infos: BTreeMap<String, String> = infos
        .into_iter()
        .filter(|info| info.local)
        .map(|info| (info.name.clone(), info.dest().to_owned()))
        .collect();
    let known: Vec<String> = infos.keys().cloned().collect();
    let mut apart = Apart::new(job.terminal);
    let chosen = match arguments.tables.as_slice() {
        [] => known,
        words => apart.choose(words, &known, "not replicated on this node; see tables")?,
    };
    let names: Vec<&str> = chosen.iter().map(String::as_str).collect();
    let dests: Vec<&str> = names.iter().filter_map(|name| infos.get(*name)).map(String::as_str).collect();
    let above = pg::find_tables(&provider.session, &names).await?;
    let here = pg::find_tables(&local.session, &dests).await?;
    let skipped = skipped::list(&*local.session, job.queue()).await?;
    let (mut alike, mut objects) = (0, Vec::new());
    for ((name, dest), (above, here)) in names.iter().zip(dests).zip(above.iter().zip(&here)) {
        let differences = match (above, here) {
            (Some(above), Some(here)) => {
                differences(above, here, skipped.get(*name).map_or(&[], Vec::as_slice))
            }
            (None, _) => vec!["it does not exist on the provider".to_owned()],
            (_, None) => vec![format!("{dest} does not exist here")],
        };
        alike += usize::from(differences.is_empty());
        differences.iter().for_each(|difference| apart.failed(name, difference));
        objects.push(json!({ "table": name, "dest_table": dest, "differences": differences }));
    }
    if arguments.answer.json {
        let same = apart.outcome() == Outcome::Done;
        let (queue, node) = (job.queue(), &local.info.name);
        let answer = json!({ "version": 1, "queue": queue, "node": node, "same": same, "tables": objects });
        job.terminal.print(&answer.to_string());
        return Ok(apart.outcome());
    }
    job.terminal.say(&format!("{alike} of {} tables have the provider's columns", names.len()));
    Ok(apart.outcome())
}

/// What differs between the provider's table and this node's, one text each. Columns that are skipped do not count.
fn differences(above: &Table, here: &Table, skipped: &[String]) -> Vec<String> {
    let find = |table: &'_ Table, name: &str| table.columns.iter().position(|column| column.name == name);
    let mut found = Vec::new();
    for column in &above.columns {
        match find(here, &column.name).map(|at| &here.columns[at]) {
            None if skipped.contains(&column.name) => {}
            None => found.push(format!("column {} {} is missing here", column.name, column.formatted)),
            Some(own) => found.extend(difference(column, own)),
        }
    }
    for column in here.columns.iter().filter(|column| find(above, &column.name).is_none()) {
        let fails = column.not_null && !column.has_default && !column.generated && column.identity.is_none();
        let what =
            if fails { ", NOT NULL and without a default: rows of the provider do not fit" } else { "" };
        found.push(format!("column {} {} is here only{what}", column.name, column.formatted));
    }
    if above.key != here.key {
        let told = |key: &[String]| if key.is_empty() { "none".to_owned() } else { key.join(", ") };
        found.push(format!("the key is ({}) here, ({}) on the provider", told(&here.key), told(&above.key)));
    }
    found
}

fn difference(above: &Column, here: &Column) -> Option<String> {
    let name = &here.name;
    if above.formatted != here.formatted {
        return Some(format!(
            "column {name} is {} here, {} on the provider",
            here.formatted, above.formatted
        ));
    }
    if above.generated != here.generated {
        let side = if here.generated { "here" } else { "on the provider" };
        return Some(format!("column {name} is generated {side} only"));
    }
    (here.not_null && !above.not_null).then(|| format!("column {name} is NOT NULL here only"))
}
