//! `compare [TABLE…]`: whether rows here are the root's, while both sides work.

use std::fs::File;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Args;
use compare::{Config, Outcome as Compared, SelfTest, Sides};
use pg::Session;
use pgq::comparison::{self, Verdict};
use pgq::table::{self, TableInfo};
use serde_json::{Value, json};

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;
use crate::londiste::view::comparison::{Voice, clock, state};
use crate::terminal::describe;

/// `application_name` of its sessions.
const APPLICATION: &str = "londiste compare";
/// How often it is looked whether a comparison is still wanted, between two of them.
const LOOK: Duration = Duration::from_secs(5);
/// Words of `compare`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Names or globs (default: every table of this node)
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,

    /// Count rows only
    #[arg(long)]
    count_only: bool,

    /// Only rows that changed since the last comparison that was equal
    #[arg(long, conflicts_with = "count_only")]
    changed: bool,

    /// Compare again and again, so long after each end: 6h, 30 min
    #[arg(long, value_name = "TIME", value_parser = daemon::ini::interval)]
    every: Option<Duration>,

    /// Begin anew where an earlier comparison was interrupted
    #[arg(long)]
    again: bool,

    /// Read no faster than this, as 20MB a second (default: copy_rate_limit)
    #[arg(long, value_name = "RATE")]
    max_rate: Option<String>,

    /// Write every difference found into FILE, a JSON object a line
    #[arg(long, value_name = "FILE")]
    report: Option<std::path::PathBuf>,

    /// Show keys of rows that differ, and no other values
    #[arg(long)]
    no_values: bool,

    /// Answer in JSON
    #[arg(long)]
    json: bool,

    /// Names that are not replicated here are no failure
    #[arg(long)]
    force: bool,

    /// Plant differences in a temporary copy of a small table, and find them
    #[arg(long, conflicts_with_all = ["count_only", "changed", "every", "again", "report"])]
    self_test: bool,

    /// Show how far the running comparison is, and the last results
    #[arg(long, conflicts_with_all = ["stop", "count_only", "changed", "every"])]
    status: bool,

    /// End the running comparison; the next one goes on there
    #[arg(long, conflicts_with_all = ["count_only", "changed", "every"])]
    stop: bool,
}

impl Arguments {
    /// Every row of these tables.
    pub(crate) fn of(tables: Vec<String>) -> Arguments {
        Arguments { tables, ..Arguments::default() }
    }
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let Some(every) = arguments.every else { return once(job, arguments).await };
    loop {
        match once(job, arguments).await {
            Ok(_) => {}
            Err(error) if matches!(error.downcast_ref(), Some(compare::Error::Stopped)) => break,
            // a server may be away for a while
            Err(error) => job.terminal.complain(&describe(&error)),
        }
        job.terminal.say(&format!("the next comparison begins at {}", clock(SystemTime::now() + every)));
        if is_stopped_within(job, every).await {
            break;
        }
    }
    job.terminal.say("ended by compare --stop");
    Ok(Outcome::Done)
}

/// Waits, and looks meanwhile whether somebody wants no further comparison.
async fn is_stopped_within(job: &Job, time: Duration) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        tokio::time::sleep(LOOK.min(until.saturating_duration_since(Instant::now()))).await;
        if let Ok(session) = job.connect().await
            && comparison::is_to_stop(&*session, job.queue()).await.unwrap_or_default()
        {
            return true;
        }
    }
    false
}

async fn once(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    refuse_root(job, &local)?;
    if arguments.status {
        return status(job, &local.session, arguments.json).await;
    }
    if arguments.stop {
        comparison::ask_to_stop(&*local.session, job.queue()).await?;
        job.terminal.say(
            "the running comparison, if there is one, ends within seconds; \
             londiste INI compare goes on there",
        );
        return Ok(Outcome::Done);
    }
    let mut apart = Apart::forgiving(job.terminal, arguments.force);
    let chosen = chosen(job, &local.session, &arguments.tables, &mut apart).await?;
    if chosen.is_empty() {
        job.terminal.say(&format!("node {} has no table to be compared", local.info.name));
        return Ok(apart.outcome());
    }
    if arguments.self_test {
        return self_test(job, &local, &chosen, arguments.max_rate.as_deref()).await;
    }
    let report = arguments
        .report
        .as_ref()
        .map(|file| File::create(file).with_context(|| format!("the file of --report, {}", file.display())));
    let config = config(job, &local, arguments);
    let mut connections = Vec::new();
    // no more than there are tables
    for _ in 0..job.settings.compare_connections.min(chosen.len()) {
        connections.push(sides(job, &local).await?);
    }
    if arguments.again {
        let names: Vec<String> = chosen.iter().map(|info| info.name.clone()).collect();
        comparison::start_over(&*local.session, job.queue(), &names).await?;
    }
    let limits = job.read_limits(arguments.max_rate.as_deref())?;
    let valves = || limits.valve();
    let mut voice = Voice::new(job.terminal);
    (voice.json, voice.values, voice.report) = (arguments.json, !arguments.no_values, report.transpose()?);
    let began = Instant::now();
    let location = local.info.provider_location.as_deref().unwrap_or_default();
    let there = job.reaching(&location.parse().context("the provider's connect string (see members)")?);
    let (name, consumer) = (job.settings.job_name.as_str(), config.consumer.as_str());
    let compared = tokio::select! {
        compared = compare::run(&connections, &config, &chosen, &mut voice, &valves) => compared?,
        never = limits.attend(name, job.queue(), consumer, || Session::connect(&there, APPLICATION)) =>
            match never {},
    };
    if let Some(error) = voice.lost {
        bail!("the file of --report could not be written: {error}");
    }
    Ok(ending(job, arguments, &compared, began.elapsed(), apart.outcome()))
}

async fn self_test(job: &Job, local: &Node, tables: &[TableInfo], rate: Option<&str>) -> Result<Outcome> {
    let sides = sides(job, local).await?;
    let mut valve = job.read_limits(rate)?;
    let tested = compare::self_test(&sides, &config_of(job, local), tables, &mut valve).await?;
    let Some(SelfTest { table, rows, planted, missed }) = tested else {
        bail!(
            "no table with a key, and with some rows but not too many, rests long enough for the self-test"
        );
    };
    job.terminal
        .say(&format!("planted in a temporary copy of {table} ({rows} rows): {}", planted.join("; ")));
    if !missed.is_empty() {
        bail!("NOT FOUND: {}; do not trust compare here, and report this", missed.join("; "));
    }
    job.terminal.say("all of it was found");
    Ok(Outcome::Done)
}

/// Only a leaf has rows that are another node's.
pub(crate) fn refuse_root(job: &Job, local: &Node) -> Result<()> {
    if local.is_root() {
        bail!(
            "node {} is the root of queue {}: compare and repair are for its leaves",
            local.info.name,
            job.queue()
        );
    }
    Ok(())
}

/// The tables that words name, or all of this node.
pub(crate) async fn chosen(
    job: &Job,
    session: &Session,
    words: &[String],
    apart: &mut Apart,
) -> Result<Vec<TableInfo>> {
    let known = table::list(&**session, job.queue()).await?;
    let known: Vec<TableInfo> = known.into_iter().filter(|info| info.local).collect();
    if words.is_empty() {
        return Ok(known);
    }
    let names: Vec<String> = known.iter().map(|info| info.name.clone()).collect();
    let found = apart.choose(words, &names, "not replicated on this node; see tables")?;
    Ok(known.into_iter().filter(|info| found.contains(&info.name)).collect())
}

/// What `compare` and `repair` share.
pub(crate) fn config_of(job: &Job, local: &Node) -> Config {
    let (consumer, limits) = (local.info.worker.as_deref().unwrap_or_default(), job.settings.limits());
    Config { slice: job.settings.compare_slice, ..Config::new(job.queue(), consumer, limits) }
}

fn config(job: &Job, local: &Node, arguments: &Arguments) -> Config {
    Config {
        count_only: arguments.count_only,
        changed: arguments.changed,
        values: !arguments.no_values,
        ..config_of(job, local)
    }
}

/// Compares those of the tables that have no result yet.
pub(crate) async fn never_compared(
    job: &Job,
    (local, sides): (&Node, &Sides),
    tables: &[TableInfo],
) -> Result<()> {
    let known = comparison::list(&*local.session, job.queue()).await?;
    let has_result = |info: &TableInfo| known.iter().any(|c| c.table == info.name && c.verdict.is_some());
    let tables: Vec<TableInfo> = tables.iter().filter(|info| !has_result(info)).cloned().collect();
    if tables.is_empty() {
        return Ok(());
    }
    let limits = job.read_limits(None)?;
    let connections = std::slice::from_ref(sides);
    compare::run(connections, &config_of(job, local), &tables, &mut Voice::new(job.terminal), &|| {
        limits.valve()
    })
    .await?;
    Ok(())
}

/// Two connections to each side.
pub(crate) async fn sides(job: &Job, local: &Node) -> Result<Sides> {
    let here = job.settings.db.within(job.settings.limits());
    let target = Session::connect(&here, APPLICATION).await.context("this node's database")?;
    let record = Session::connect(&here, APPLICATION).await.context("this node's database")?;
    let provider = job.provider_of(&local.info).await?.session;
    let source = job.provider_of(&local.info).await?.session;
    Ok(Sides { source, provider, target, record })
}

fn ending(
    job: &Job,
    arguments: &Arguments,
    compared: &[Compared],
    took: Duration,
    asked: Outcome,
) -> Outcome {
    let of = |verdict| compared.iter().filter(move |outcome| outcome.verdict == verdict);
    let (differ, unverified) = (of(Verdict::Differs).count(), of(Verdict::Unverified).count());
    let rows: i64 = compared.iter().map(|outcome| outcome.rows).sum();
    let differing: i64 = compared.iter().map(|outcome| outcome.differing).sum();
    if arguments.json {
        let tables: Vec<Value> = compared
            .iter()
            .map(|outcome| {
                json!({ "table": outcome.table, "verdict": outcome.verdict.as_str(), "rows": outcome.rows,
                        "differing": outcome.differing, "tick": outcome.at.map(|(tick, _)| tick),
                        "remarks": outcome.remarks })
            })
            .collect();
        let answer = json!({ "version": 1, "queue": job.queue(), "equal": differ + unverified == 0, "rows": rows,
                             "differing": differing, "seconds": took.as_secs_f64(), "tables": tables });
        job.terminal.print(&answer.to_string());
    } else {
        let seconds = took.as_secs_f64();
        let word = if arguments.count_only { "counted" } else { "compared" };
        if differ > 0 {
            let names: Vec<&str> = of(Verdict::Differs).map(|outcome| outcome.table.as_str()).collect();
            job.terminal.complain(&format!(
                "{differing} rows of {differ} tables differ, of {rows} {word} in {seconds:.1} s; \
                 to write them as the root has them: londiste {} repair {}",
                job.ini.display(),
                names.join(" ")
            ));
        } else {
            job.terminal.say(&format!(
                "{rows} rows of {} tables {word} in {seconds:.1} s: none differs",
                compared.len() - unverified
            ));
        }
        if unverified > 0 {
            job.terminal
                .complain(&format!("{unverified} tables could not be compared: nothing is known of them"));
        }
    }
    if differ > 0 {
        Outcome::Partly
    } else if unverified > 0 || asked != Outcome::Done {
        Outcome::Unverified
    } else {
        Outcome::Done
    }
}

async fn status(job: &Job, session: &Session, as_json: bool) -> Result<Outcome> {
    let known = comparison::list(&**session, job.queue()).await?;
    if as_json {
        let tables: Vec<Value> = known
            .iter()
            .map(|c| {
                json!({ "table": c.table, "verdict": c.verdict.map(Verdict::as_str), "rows": c.rows,
                        "expected": c.expected, "differing": c.differing, "tick": c.at.map(|(tick, _)| tick),
                        "finished": c.finished.map(clock), "reason": c.reason })
            })
            .collect();
        job.terminal.print(&json!({ "version": 1, "queue": job.queue(), "tables": tables }).to_string());
    } else if known.is_empty() {
        job.terminal.print("no table of this node was compared yet");
    } else {
        known.iter().for_each(|comparison| job.terminal.print(&state(comparison)));
    }
    let has = |verdict| known.iter().any(|c| c.verdict == Some(verdict));
    Ok(
        match (
            has(Verdict::Differs),
            has(Verdict::Unverified) || known.is_empty() || known.iter().any(|c| c.verdict.is_none()),
        ) {
            (true, _) => Outcome::Partly,
            (false, true) => Outcome::Unverified,
            (false, false) => Outcome::Done,
        },
    )
}
