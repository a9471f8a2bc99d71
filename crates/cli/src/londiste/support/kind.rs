//! Kind of what enters replication, and the names of that kind that a node knows.

use anyhow::Result;
use pg::Client;
use pgq::replicable::{self, Object};
use pgq::{seq, table};

use crate::londiste::support::job::{Job, Node};

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
    pub(crate) async fn existing(self, job: &Job, session: &Client) -> Result<Vec<String>> {
        let found = replicable::replicable(session, job.queue(), job.settings.capture).await?;
        let of_kind = |object: &Object| (object.kind == "S") == matches!(self, Kind::Sequence);
        Ok(found.into_iter().filter(of_kind).map(|object| object.name).collect())
    }

    /// Whether `register_only_*` and `register_skip_*` let a name be taken.
    pub(crate) fn is_permitted(self, job: &Job, name: &str) -> bool {
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

    pub(crate) fn word(self) -> &'static str {
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

    pub(crate) fn command(self) -> &'static str {
        match self {
            Kind::Table => "add-table",
            Kind::Sequence => "add-seq",
        }
    }
}
