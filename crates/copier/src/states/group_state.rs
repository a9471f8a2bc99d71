//! Tables that one copy catches up.

use pgq::table::{self, MergeState, TableInfo};

use crate::schedule::connections::Sides;
use crate::schedule::group::{CopyGroup, Verdict};
use crate::states::transition;
use crate::{Copier, Result};

/// The tables that are caught up together, which have the same state and snapshot.
pub(crate) struct Tables {
    pub(crate) first: TableInfo,
    others: Vec<TableInfo>,
    /// Of all of them.
    pub(crate) consumers: Vec<String>,
}

impl Tables {
    /// Looks at them; `None` when the first one is not catching up any more.
    pub(crate) async fn look(
        copier: &Copier,
        sides: &Sides,
        group: &mut CopyGroup,
    ) -> Result<Option<Tables>> {
        let queue = copier.config.queue_name.as_str();
        let mut names = group.tables();
        names.push(copier.table.clone());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let infos = table::several(&*sides.target, queue, &names).await?;
        let (first, mut others): (Vec<_>, Vec<_>) =
            infos.into_iter().partition(|info| info.name == copier.table);
        let catches_up = |i: &TableInfo| i.local && i.state.is_copying() && i.state != MergeState::InCopy;
        let Some(first) = first.into_iter().find(catches_up) else { return Ok(None) };
        others.retain(|info| info.local && (info.state, &info.snapshot) == (first.state, &first.snapshot));
        group.keep(|name| others.iter().any(|info| info.name == name), Verdict::Again);
        let consumers = copier.consumers(group);
        Ok(Some(Tables { first, others, consumers }))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &TableInfo> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.all().map(|info| info.name.as_str()).collect()
    }

    pub(crate) fn consumers(&self) -> Vec<&str> {
        self.consumers.iter().map(String::as_str).collect()
    }

    /// Moves them on; answers those that have moved.
    pub(crate) async fn advance(
        &self,
        client: &pg::Client,
        queue: &str,
        to: MergeState,
    ) -> Result<Vec<String>> {
        let (from, snapshot) = (self.first.state, self.first.snapshot.as_deref());
        transition::advance_all(client, queue, &self.names(), from, to, snapshot).await
    }
}
