//! Selection of what the words of `add-table` and `add-seq` mean: on the root, relations of its database; elsewhere,
//! what the provider replicates.

use anyhow::Result;

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::kind::Kind;
use crate::londiste::support::{name_pattern, wait_until_known};

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
