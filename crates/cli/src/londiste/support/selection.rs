//! What the words of `add-table` and `add-seq` mean: on the root, relations of its database; elsewhere, what the provider replicates.

use anyhow::Result;
use pg::Client;
use pgq::replicable::{self, Object};
use pgq::{seq, table};

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::{name_pattern, wait_until_known};

/// What is to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Table,
    Sequence,
}

/// A name known on a node, and whether that node replicates it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) local: bool,
}

impl Kind {
    /// Names of this kind that a node knows of.
    pub(crate) async fn known(self, session: &Client, queue: &str) -> Result<Vec<Known>> {
        Ok(match self {
            Kind::Table => {
                let tables = table::list(session, queue).await?;
                tables.into_iter().map(|info| Known { name: info.name, local: info.local }).collect()
            }
            Kind::Sequence => {
                let seqs = seq::list(session, queue).await?;
                seqs.into_iter().map(|info| Known { name: info.name, local: info.local }).collect()
            }
        })
    }

    /// Names of this kind that the root's database has.
    async fn existing(self, job: &Job, session: &Client) -> Result<Vec<String>> {
        let found = replicable::replicable(session, job.queue(), job.settings.capture).await?;
        let of_kind = |object: &Object| (object.kind == "S") == matches!(self, Kind::Sequence);
        Ok(found.into_iter().filter(of_kind).map(|object| object.name).collect())
    }

    /// Whether `register_only_*` and `register_skip_*` let a name be taken.
    fn is_permitted(self, job: &Job, name: &str) -> bool {
        match self {
            Kind::Table => job.settings.registers_table(name),
            Kind::Sequence => job.settings.registers_seq(name),
        }
    }

    /// Makes a name of the provider known here, as the worker does when the provider's event comes.
    pub(crate) async fn learn(self, job: &Job, local: &Node, provider: &Node, name: &str) -> Result<()> {
        match self {
            Kind::Table => table::learn(&*local.session, job.queue(), name).await?,
            Kind::Sequence => {
                let above = seq::list(&*provider.session, job.queue()).await?;
                if let Some(seq) = above.iter().find(|seq| seq.name == name) {
                    seq::update(&*local.session, job.queue(), name, seq.last_value).await?;
                }
            }
        }
        Ok(())
    }

    fn word(self) -> &'static str {
        match self {
            Kind::Table => "table",
            Kind::Sequence => "sequence",
        }
    }

    /// More than one.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Kind::Table => "tables",
            Kind::Sequence => "sequences",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Kind::Table => "add-table",
            Kind::Sequence => "add-seq",
        }
    }
}

/// The names to be added: `all`, or what `words` say. Those that cannot be have failed.
///
/// # Errors
/// A word cannot be understood, the worker is paused, or a database is lost.
pub(crate) async fn choose(
    job: &Job,
    local: &Node,
    provider: Option<&Node>,
    kind: Kind,
    (all, words): (bool, &[String]),
    apart: &mut Apart,
) -> Result<Vec<String>> {
    let Some(provider) = provider else { return on_root(job, local, kind, (all, words), apart).await };
    let above = kind.known(&provider.session, job.queue()).await?;
    let above: Vec<String> = above.into_iter().filter(|known| known.local).map(|known| known.name).collect();
    let found = if all {
        new(job, local, kind, above).await?
    } else {
        let choice = name_pattern::choose(words, &above)?;
        for name in &choice.unknown {
            apart.absent(name, &unknown(job, provider, kind, name));
        }
        let reason = format!("no {} of the provider matches", kind.word());
        choice.unmatched.iter().for_each(|glob| apart.absent(glob, &reason));
        permitted(job, local, kind, choice.found, apart).await?
    };
    let late = wait_until_known::wait(job, local, provider, kind, &found).await?;
    late.iter().for_each(|name| apart.failed(name, &wait_until_known::late(job)));
    Ok(found.into_iter().filter(|name| !late.contains(name)).collect())
}

/// Names that are not there go on, to be refused with the reason when they are added.
async fn on_root(
    job: &Job,
    local: &Node,
    kind: Kind,
    (all, words): (bool, &[String]),
    apart: &mut Apart,
) -> Result<Vec<String>> {
    let existing = kind.existing(job, &local.session).await?;
    if all {
        return new(job, local, kind, existing).await;
    }
    let choice = name_pattern::choose(words, &existing)?;
    let reason = format!("no {} of this database matches", kind.word());
    choice.unmatched.iter().for_each(|glob| apart.absent(glob, &reason));
    Ok(choice.found.into_iter().chain(choice.unknown).collect())
}

/// Those of the provider's names that this node knows or may come to know; the ini file keeps the others from it.
async fn permitted(
    job: &Job,
    local: &Node,
    kind: Kind,
    found: Vec<String>,
    apart: &mut Apart,
) -> Result<Vec<String>> {
    let here = kind.known(&local.session, job.queue()).await?;
    let (may, kept): (Vec<String>, Vec<String>) = found
        .into_iter()
        .partition(|name| kind.is_permitted(job, name) || here.iter().any(|known| known.name == *name));
    for name in kept {
        let (plural, ini) = (if matches!(kind, Kind::Table) { "tables" } else { "seqs" }, job.ini.display());
        apart.failed(
            &name,
            &format!(
                "register_only_{plural} and register_skip_{plural} of {ini} leave it out: change them first"
            ),
        );
    }
    Ok(may)
}

/// What `--all` means among `candidates`: those that the ini file permits, and that are not replicated here yet.
async fn new(job: &Job, local: &Node, kind: Kind, candidates: Vec<String>) -> Result<Vec<String>> {
    let here = kind.known(&local.session, job.queue()).await?;
    let is_new = |name: &String| !here.iter().any(|known| known.local && known.name == *name);
    let new: Vec<String> =
        candidates.into_iter().filter(|name| kind.is_permitted(job, name) && is_new(name)).collect();
    if new.is_empty() {
        job.terminal.say(&format!("node {} has no {} left to be added", local.info.name, kind.word()));
    }
    Ok(new)
}

fn unknown(job: &Job, provider: &Node, kind: Kind, name: &str) -> String {
    format!(
        "not replicated by the provider of queue {}; first, with the ini file of node {}: londiste INI {} {name}",
        job.queue(),
        provider.info.name,
        kind.command()
    )
}
