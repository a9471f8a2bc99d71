//! `add-seq SEQUENCE…`: sequences enter replication on this node. The root publishes values ahead of them, other nodes follow those.

use anyhow::Result;
use clap::Args;
use pg::{Client, QualifiedName};
use pgq::seq;

use super::apart::Apart;
use super::job::{Job, Node};
use super::learned::{self, Kind};
use super::{Outcome, add_table, names};

/// Words of `add-seq`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Names or globs: public.orders_id_seq, public.*; without a schema: public
    #[arg(value_name = "SEQUENCE", required_unless_present = "all")]
    pub(crate) seqs: Vec<String>,

    /// Every sequence: on the root, of the database; on other nodes, of the provider
    #[arg(long)]
    pub(crate) all: bool,

    /// Leave out sequences that do not exist on this node
    #[arg(long)]
    pub(crate) skip_non_existing: bool,

    /// Has no meaning for sequences; accepted for symmetry with add-table
    #[arg(long)]
    pub(crate) no_triggers: bool,

    /// Has no meaning for sequences; accepted for symmetry with add-table
    #[arg(long)]
    pub(crate) expect_sync: bool,

    /// Has no meaning for sequences; accepted for symmetry with add-table
    #[arg(long)]
    pub(crate) skip_truncate: bool,
}

pub(crate) async fn run(job: &Job, arguments: &Arguments) -> Result<Outcome> {
    let local = job.local().await?;
    let queue = job.queue();
    let mut apart = Apart::new(job.terminal);
    let chosen = if local.is_root() {
        on_root(job, &local, arguments, &mut apart).await?
    } else {
        on_subscriber(job, &local, arguments, &mut apart).await?
    };
    for name in chosen {
        if arguments.skip_non_existing && !exists(&local.session, &name).await? {
            job.terminal.say(&format!("sequence {name} left out: it does not exist here"));
            continue;
        }
        let added = seq::add(&*local.session, queue, &name).await;
        apart.take(&name, added.map(|_| format!("sequence {name} added")).map_err(Into::into));
    }
    Ok(apart.outcome())
}

async fn exists(session: &Client, name: &str) -> Result<bool> {
    let name = QualifiedName::from_plain(name);
    let sql = "select to_regclass($1) is not null";
    Ok(session.query_one(sql, &[&name.to_string()]).await.map_err(pg::Error::from)?.get(0))
}

async fn on_root(job: &Job, local: &Node, arguments: &Arguments, apart: &mut Apart) -> Result<Vec<String>> {
    let settings = &job.settings;
    let found = pg::list_sequences(&local.session).await?;
    let found: Vec<String> = found.iter().map(QualifiedName::plain).collect();
    if !arguments.all {
        let choice = names::choose(&arguments.seqs, &found)?;
        choice.unmatched.iter().for_each(|glob| apart.failed(glob, "no sequence of this database matches"));
        return Ok(choice.found.into_iter().chain(choice.unknown).collect());
    }
    let known = Kind::Sequence.known(&local.session, job.queue()).await?;
    let is_new = |name: &String| !known.iter().any(|known| known.local && known.name == *name);
    let all = names::permitted(found, &settings.register_only_seqs, &settings.register_skip_seqs)?;
    let new: Vec<String> = all.into_iter().filter(is_new).collect();
    if new.is_empty() {
        job.terminal.say(&format!("every sequence is replicated already on node {}", local.info.name));
    }
    Ok(new)
}

async fn on_subscriber(
    job: &Job,
    local: &Node,
    arguments: &Arguments,
    apart: &mut Apart,
) -> Result<Vec<String>> {
    let provider = job.provider_of(&local.info).await?;
    let command = |names: &str| learned::unknown(job, &provider, &format!("londiste INI add-seq {names}"));
    let wanted =
        add_table::wanted(job, local, &provider, Kind::Sequence, arguments.all, &arguments.seqs).await?;
    wanted.unknown.iter().for_each(|name| apart.failed(name, &command(name)));
    wanted.unmatched.iter().for_each(|glob| apart.failed(glob, "no sequence of the provider matches"));
    let late = learned::wait(job, local, &provider, Kind::Sequence, &wanted.found).await?;
    late.iter().for_each(|name| apart.failed(name, &learned::late(job)));
    Ok(wanted.found.into_iter().filter(|name| !late.contains(name)).collect())
}
