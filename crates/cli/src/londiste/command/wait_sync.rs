//! `wait-sync`: until tables are in sync.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use pg::Client;
use pgq::table::{self, MergeState};

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::foreign_keys;
use crate::londiste::support::foreign_keys::Awaited;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::wait_for_worker::{LOOK_AGAIN, Obstacles};
use crate::londiste::view::copy_progress;
use crate::londiste::view::progress_bars::Bars;

/// Words of `wait-sync`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Names or globs (default: every table of this node)
    #[arg(value_name = "TABLE")]
    pub(crate) tables: Vec<String>,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let known = states(job, &local.session).await?;
    let names: Vec<String> = known.into_keys().collect();
    let mut apart = Apart::new(job.terminal);
    let chosen = match arguments.tables.as_slice() {
        [] => names,
        words => apart.choose(words, &names, "not replicated on this node; see tables")?,
    };
    if apart.outcome() == Outcome::Partly {
        return Ok(Outcome::Partly);
    }
    if chosen.is_empty() {
        job.terminal.say(&format!("node {} replicates no table of queue {}", local.info.name, job.queue()));
        return Ok(Outcome::Done);
    }
    until_ok(job, &local.session, &chosen).await
}

/// Waits until all these tables are `ok` and their foreign keys are back, saying each change of state; on a terminal
/// with bars, and what each took at the end.
pub(crate) async fn until_ok(job: &Job, session: &Client, tables: &[String]) -> Result<Outcome> {
    let mut last: BTreeMap<String, MergeState> = BTreeMap::new();
    let mut bars = Bars::new(job.terminal);
    let mut obstacles = Obstacles::default();
    let mut gone = 0;
    let mut said: BTreeSet<String> = BTreeSet::new();
    let mut parked: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let now = states(job, session).await?;
        let mut waiting = 0;
        // what may pass by itself is tried again
        let stuck =
            table::parked(session, job.queue()).await?.into_iter().filter(|parked| !parked.may_pass());
        let stuck: BTreeMap<String, String> = stuck.map(|parked| (parked.table, parked.error)).collect();
        for name in tables {
            if let Some(error) = stuck.get(name) {
                if parked.insert(name.clone(), error.clone()).is_none() {
                    job.terminal.complain(&format!("table {name} is parked: {error}"));
                }
                continue;
            }
            parked.remove(name);
            let Some(state) = now.get(name) else {
                if last.remove(name).is_some() {
                    job.terminal
                        .complain(&format!("table {name} has left replication while it was waited for"));
                    gone += 1;
                }
                continue;
            };
            waiting += usize::from(*state != MergeState::Ok);
            if last.insert(name.clone(), *state) != Some(*state) {
                bars.state(name, *state);
            }
        }
        let fkeys = if waiting > 0 { Awaited::default() } else { fkeys_of(job, session, tables).await? };
        if waiting > 0 || !fkeys.coming.is_empty() {
            for line in fkeys.coming.iter().filter(|line| !said.contains(*line)) {
                bars.say(line);
            }
            said.extend(fkeys.coming);
            let copies = copy_progress::running(session, job.queue()).await?;
            bars.draw(
                copies.iter().filter(|(name, _)| now.get(*name).is_some_and(|state| state.is_copying())),
            );
        } else {
            bars.close();
            let ok = tables.iter().filter(|name| now.get(*name) == Some(&MergeState::Ok)).count();
            job.terminal.say(&format!("{ok} tables are ok"));
            fkeys.failed.iter().for_each(|trouble| job.terminal.complain(trouble));
            return Ok(Outcome::of(gone + parked.len() + fkeys.failed.len()));
        }
        obstacles.tell(job, session, &format!("{now:?} {}", said.len())).await?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The foreign keys that go with tables of the queue, which have other names here where `--dest-table` says so.
async fn fkeys_of(job: &Job, session: &Client, tables: &[String]) -> Result<Awaited> {
    let infos = table::list(session, job.queue()).await?;
    let infos = infos.into_iter().filter(|info| info.local && tables.contains(&info.name));
    foreign_keys::awaited(session, &infos.map(|info| info.dest_table.unwrap_or(info.name)).collect()).await
}

async fn states(job: &Job, session: &Client) -> Result<BTreeMap<String, MergeState>> {
    let tables = table::list(session, job.queue()).await?;
    Ok(tables.into_iter().filter(|info| info.local).map(|info| (info.name, info.state)).collect())
}
