//! `schema`: what differs between the schemas of source and target, and the source's taken over.

use anyhow::{Result, anyhow};
use clap::Args;
use migration::schema::{Applied, Comparison, How, Options, Schemas};
use serde_json::{Value, json};

use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::schema_names::SchemaNames;
use crate::londiste::support::way_to_source;
use crate::londiste::view::schema;

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste schema";

/// Words of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Tell what differs, with the statements that make the target as the source is (the default)
    #[arg(long)]
    diff: bool,

    /// Print the statements that --apply would run
    #[arg(long, conflicts_with = "diff")]
    print: bool,

    /// Take the source's schema over into the target; what is there stays
    #[arg(long, conflicts_with_all = ["diff", "print"])]
    apply: bool,

    /// How to reach the source (default: initial_provider_location of INI, then the node's provider)
    #[arg(long, value_name = "CONNSTR")]
    source: Option<String>,

    #[command(flatten)]
    names: SchemaNames,

    /// Leave this schema out (repeatable; commas between names)
    #[arg(long, value_name = "SCHEMA", value_delimiter = ',')]
    exclude_schema: Vec<String>,

    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let source = way_to_source::find(job, arguments.source.as_deref()).await?;
    let source = source.map_err(|why| anyhow!("{why}: --source CONNSTR names it"))?;
    let options = Options { excluded: arguments.exclude_schema.clone(), ..arguments.names.options(job)? };
    let schemas = match Schemas::open(&source, &job.settings.db, APPLICATION).await {
        Ok(schemas) => schemas,
        Err(why) => {
            job.terminal.complain(&why);
            return Ok(Outcome::Unverified);
        }
    };
    match (arguments.print, arguments.apply) {
        (true, _) => print(job, arguments, &schemas, &options).await,
        (_, true) => apply(job, arguments, &schemas, &options).await,
        _ => diff(job, arguments, &schemas, &options).await,
    }
}

async fn diff(job: &Job, arguments: &Arguments, schemas: &Schemas, options: &Options) -> Result<Outcome> {
    let comparison = match schemas.compare(options).await {
        Ok(comparison) => comparison,
        Err(why) => {
            job.terminal.complain(&why);
            return Ok(Outcome::Unverified);
        }
    };
    match arguments.json {
        true => job.terminal.print(&object(&comparison).to_string()),
        false => job.terminal.print(&schema::differences(&comparison)),
    }
    Ok(match (comparison.differences.is_empty(), comparison.unread.is_empty()) {
        (false, _) => Outcome::Partly,
        (true, false) => Outcome::Unverified,
        (true, true) => Outcome::Done,
    })
}

async fn print(job: &Job, arguments: &Arguments, schemas: &Schemas, options: &Options) -> Result<Outcome> {
    let plan = schemas.plan(options).await.map_err(|why| anyhow!(why))?;
    match arguments.json {
        true => {
            let statements: Vec<Value> = plan
                .iter()
                .map(|statement| json!({ "object": statement.object, "statement": statement.sql }))
                .collect();
            job.terminal.print(&json!({ "version": 1, "statements": statements }).to_string());
        }
        false => job.terminal.print(&schema::script(&plan)),
    }
    Ok(Outcome::Done)
}

async fn apply(job: &Job, arguments: &Arguments, schemas: &Schemas, options: &Options) -> Result<Outcome> {
    let plan = schemas.plan(options).await.map_err(|why| anyhow!(why))?;
    let applied = schemas.apply(&plan).await.map_err(|why| {
        let ini = job.ini.display();
        anyhow!("{why}; what is done stays, and londiste {ini} schema --apply does what is left")
    })?;
    // What was there already may be another thing than the source's.
    let comparison = schemas.compare(options).await.map_err(|why| anyhow!(why))?;
    match arguments.json {
        true => job.terminal.print(&outcome(&applied, &comparison).to_string()),
        false => job.terminal.print(&schema::applied(&applied, &comparison, &job.ini)),
    }
    Ok(Outcome::of(applied.failed.len()))
}

fn object(comparison: &Comparison) -> Value {
    let differences = comparison.differences.iter().map(|difference| {
        let (how, property) = match difference.how {
            How::Missing => ("missing", None),
            How::Extra => ("extra", None),
            How::Property(name) => ("differs", Some(name)),
        };
        json!({
            "weight": difference.weight.to_string(), "kind": difference.kind, "name": difference.name,
            "table": difference.table,
            "how": how, "property": property, "source": difference.source, "target": difference.target,
            "statement": difference.statement, "loses_rows": difference.loses_rows,
        })
    });
    let unread = comparison.unread.iter();
    let unread = unread.map(|it| json!({ "object": it.object, "side": it.place.to_string(), "why": it.why }));
    json!({
        "version": 1, "same": comparison.differences.is_empty() && comparison.unread.is_empty(),
        "compared": comparison.compared, "differences": differences.collect::<Vec<_>>(),
        "unread": unread.collect::<Vec<_>>(),
    })
}

fn outcome(applied: &Applied, comparison: &Comparison) -> Value {
    let failed = applied.failed.iter().map(|failed| {
        json!({ "object": failed.statement.object, "statement": failed.statement.sql, "why": failed.why })
    });
    json!({
        "version": 1, "done": applied.done, "there": applied.there, "failed": failed.collect::<Vec<_>>(),
        "differences": comparison.differences.len(), "unread": comparison.unread.len(),
    })
}
