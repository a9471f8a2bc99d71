//! Both sides of the switch that an ini file asks for: its node becomes the root.

use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};
use migration::switch::{Sides, Standing};
use pg::{ConnectString, Session};
use pgq::node::{self, NodeType};
use pgq::switch::{self, State};

use crate::londiste::support::job::{Job, Node, shown};

/// `application_name` of the command's sessions.
pub(super) const APPLICATION: &str = "londiste switchover";

/// A server that does not answer within this time is asked over another connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Both sides, how to reach them, and how far the switch is.
pub(super) struct Both {
    pub(super) sides: Sides,
    pub(super) old_at: ConnectString,
    pub(super) new_at: ConnectString,
    pub(super) standing: Standing,
}

impl Both {
    /// Finds both.
    ///
    /// # Errors
    /// The node is the root already, and no switch is to be gone on with; or a side cannot be reached.
    pub(super) async fn of(job: &Job) -> Result<Both> {
        let local = job.local().await.map_err(|error| no_node(job, error))?;
        let (name, location) = old_root(job, &local).await?;
        let old = job.connect_to(&name, &location).await.context("the old root")?;
        pgq::install::require(&old).await.context("the old root")?;
        let old_node = node::require(&*old, job.queue()).await.context("the old root")?;
        let sides =
            Sides { queue: job.queue().to_owned(), old, new: local.session, old_node, new_node: local.info };
        let standing = Standing::of(&*sides.old, &*sides.new, &sides.queue).await?;
        if sides.new_node.node_type == NodeType::Root && matches!(standing, Standing::None) {
            bail!(already_root(job, &sides.new_node.name));
        }
        let old_at = job.reaching(&location.parse().context("the old root's connect string (see members)")?);
        let new_at = job.settings.db.within(job.settings.limits());
        Ok(Both { sides, old_at, new_at, standing })
    }

    /// Where the application connects now.
    pub(super) fn new_place(&self) -> String {
        shown(&self.new_at.to_string())
    }
}

/// Name and location of the node that is the root before.
async fn old_root(job: &Job, local: &Node) -> Result<(String, String)> {
    if let (NodeType::Leaf, Some(name), Some(location)) =
        (local.info.node_type, &local.info.provider, &local.info.provider_location)
    {
        return Ok((name.clone(), location.clone()));
    }
    let known = switch::recorded(&*local.session, job.queue()).await?.filter(|known| !known.gives);
    let Some(known) = known else { bail!(already_root(job, &local.info.name)) };
    let members = node::locations(&*local.session, job.queue()).await?;
    let location = members.into_iter().find(|member| member.node == known.from);
    let location = location.with_context(|| already_root(job, &local.info.name))?;
    Ok((known.from, location.connect_string))
}

/// A database without a node has nothing to switch to: the migration has not begun, or has ended.
fn no_node(job: &Job, error: Error) -> Error {
    let is_none = error.chain().any(|cause| {
        matches!(
            cause.downcast_ref::<pgq::Error>(),
            Some(pgq::Error::NotInstalled { .. } | pgq::Error::NoNode { .. })
        )
    });
    if !is_none {
        return error;
    }
    anyhow!(
        "the database of {} has no node of queue {}: after complete there is no way back, a new migration begins \
         with init or migrate",
        job.ini.display(),
        job.queue()
    )
}

fn already_root(job: &Job, node: &str) -> String {
    format!(
        "node {node} is the root of queue {} already; give the ini file of the node that is to become it",
        job.queue()
    )
}

/// What a side has recorded, for those who have to know where an interrupted step has led.
pub(super) async fn state_of(at: &Session, queue: &str, id: &str) -> Result<Option<State>> {
    let known = switch::recorded(&**at, queue).await?;
    Ok(known.filter(|known| known.id == id).map(|known| known.state))
}
