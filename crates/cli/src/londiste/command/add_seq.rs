//! `add-seq SEQUENCE…`: sequences enter replication on this node. The root publishes values ahead of them, other nodes follow those.

use anyhow::Result;
use clap::Args;
use pg::{Client, QualifiedName};
use pgq::seq;

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::outcome::Outcome;
use crate::londiste::support::selection;
use crate::londiste::support::selection::Kind;

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
    let provider = if local.is_root() { None } else { Some(job.provider_of(&local.info).await?) };
    let words = (arguments.all, arguments.seqs.as_slice());
    let chosen = selection::choose(job, &local, provider.as_ref(), Kind::Sequence, words, &mut apart).await?;
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
