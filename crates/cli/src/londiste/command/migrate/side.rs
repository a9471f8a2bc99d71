//! One side of a migration as it is now: a session, and what is installed there.

use std::collections::BTreeSet;
use std::rc::Rc;

use anyhow::Result;
use pg::Session;
use pgq::install;
use pgq::node::{self, NodeInfo};
use pgq::table::{self, MergeState, TableInfo};

use crate::londiste::support::job::Job;
use crate::londiste::support::kind::Kind;

/// A database of the migration.
pub(super) struct Side {
    pub(super) session: Rc<Session>,
    /// The schemas are there, and of this version.
    pub(super) is_installed: bool,
    /// Its node of the queue.
    pub(super) node: Option<NodeInfo>,
}

impl Side {
    /// Asks the database of a job.
    pub(super) async fn of(job: &Job, session: Rc<Session>) -> Result<Side> {
        let is_installed = match install::require(&session).await {
            Ok(()) => true,
            Err(pgq::Error::NotInstalled { .. } | pgq::Error::Outdated { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        let node = if is_installed { node::info(&**session, job.queue()).await? } else { None };
        Ok(Side { session, is_installed, node })
    }

    /// Names that this node replicates; none where there is no node.
    pub(super) async fn replicated(&self, kind: Kind, queue: &str) -> Result<BTreeSet<String>> {
        if self.node.is_none() {
            return Ok(BTreeSet::new());
        }
        let known = kind.known(&self.session, queue).await?;
        Ok(known.into_iter().filter(|known| known.local).map(|known| known.name).collect())
    }

    /// The tables that this node replicates; none where there is no node.
    pub(super) async fn tables(&self, queue: &str) -> Result<Vec<TableInfo>> {
        if self.node.is_none() {
            return Ok(Vec::new());
        }
        let tables = table::list(&**self.session, queue).await?;
        Ok(tables.into_iter().filter(|info| info.local).collect())
    }
}

/// Whether a table is copied and in sync.
pub(super) fn is_ok(info: &TableInfo) -> bool {
    info.state == MergeState::Ok
}

/// The first few of some names, and how many there are more.
pub(super) fn some<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = format!("{} more", names.len().saturating_sub(SHOWN));
    if names.len() > SHOWN {
        text.push(&more);
    }
    text.join(", ")
}

/// A number of things: `1 table`, `2 tables`.
pub(super) fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
