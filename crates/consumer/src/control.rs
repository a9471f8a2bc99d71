//! Events that steer the node.

use apply::Control;
use pg::Session;
use pgq::node::{self, Location};
use pgq::table::Kept;
use pgq::{seq, table};
use tracing::{debug, info, warn};

use crate::{Error, Result, Worker, script};

/// Does what a control event says, in the batch's transaction; answers the table that has left replication by it.
pub(crate) async fn perform(
    worker: &Worker,
    target: &Session,
    bypass_triggers: bool,
    control: Control,
) -> Result<Option<String>> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let client: &pg::Client = target;
    if let Some(name) = foreign_name(client, &control).await? {
        let name = pg::raw::shown(&name).into_owned();
        warn!(
            job,
            queue,
            name,
            "the provider tells of a name that the encoding of this node's database has no characters for: \
             left out here; to replicate it, rename it on the root, or use a database with encoding UTF8"
        );
        return Ok(None);
    }
    match control {
        Control::AddTable { table } if !worker.config.registers_table(&table) => {
            info!(
                job,
                queue,
                table,
                "the provider has added a table that register_only_tables or register_skip_tables leaves out here"
            );
        }
        Control::AddTable { table } => {
            table::learn(client, queue, &table).await?;
            info!(job, queue, table, "the provider has added a table");
        }
        Control::RemoveTable { table } => {
            let known = table::get(client, queue, &table).await?;
            if known.as_ref().is_some_and(|known| known.local) {
                table::remove(client, queue, &table).await?;
            }
            if known.is_some() {
                table::forget(client, queue, &table).await?;
            }
            info!(job, queue, table, "the provider has removed a table");
            return Ok(Some(table));
        }
        Control::UpdateSeq { seq, .. }
            if !worker.config.registers_seq(&seq) && !seq::is_known(client, queue, &seq).await? =>
        {
            debug!(job, queue, seq, "register_only_seqs or register_skip_seqs leaves this sequence out here");
        }
        Control::UpdateSeq { seq, value } => seq::update(client, queue, &seq, value).await?,
        Control::RemoveSeq { seq } => {
            if seq::is_known(client, queue, &seq).await? {
                seq::forget(client, queue, &seq).await?;
            }
            info!(job, queue, seq, "the provider has removed a sequence");
        }
        Control::LocationInfo { node, queue, connect, dead } => {
            node::register_location(client, &queue, &Location { node, connect_string: connect, dead })
                .await?;
        }
        // this node was dropped and made again, or at its provider only; or its provider was: never the node's own
        // business
        Control::UnregisterLocation { node, queue } if is_own(client, &queue, &node).await? => {
            warn!(
                job,
                queue, node, "an event says that this node or its provider has left the queue: ignored"
            );
        }
        Control::UnregisterLocation { node, queue } => {
            if node::locations(client, &queue).await?.iter().any(|known| known.node == node) {
                node::unregister_location(client, &queue, &node).await?;
            }
        }
        Control::GlobalWatermark { tick, queue } => {
            node::set_global_watermark(client, &queue, Some(tick)).await?
        }
        Control::TickId { .. } => {}
        Control::Partition { table, partition, notice, txid, bounds } => {
            let bounds = bounds.as_deref();
            let kept = table::keep_partition_notice(client, queue, &table, &partition, &notice, txid, bounds);
            match kept.await? {
                Kept::Yes if bounds.is_some() => {
                    info!(
                        job,
                        queue,
                        table,
                        partition,
                        "partition {notice} on the root: its rows are looked for here"
                    );
                }
                Kept::No => {}
                Kept::Yes => warn!(
                    job,
                    queue,
                    table,
                    partition,
                    "partition {notice} on the root, without events for its rows: see tables"
                ),
                Kept::CopiedAnew => warn!(
                    job,
                    queue,
                    table,
                    partition,
                    "partition {notice} on the root, without events for its rows: the table's copy is begun anew"
                ),
            }
        }
        Control::Execute { script, sql, attributes } => {
            let done = script::perform(worker, target, bypass_triggers, &script, &sql, &attributes).await;
            done.map_err(|source| Error::Script { script, source: Box::new(source) })?
        }
    }
    Ok(None)
}

/// Whether a name is this node's, or its provider's.
async fn is_own(client: &pg::Client, queue: &str, name: &str) -> Result<bool> {
    let info = node::info(client, queue).await?;
    Ok(info.is_some_and(|info| info.name == name || info.provider.as_deref() == Some(name)))
}

/// The name in a control event that this node's database cannot hold.
async fn foreign_name(client: &pg::Client, control: &Control) -> Result<Option<String>> {
    let names: &[&String] = match control {
        Control::AddTable { table } | Control::RemoveTable { table } => &[table],
        Control::UpdateSeq { seq, .. } | Control::RemoveSeq { seq } => &[seq],
        Control::LocationInfo { node, connect, .. } => &[node, connect],
        Control::UnregisterLocation { node, .. } => &[node],
        Control::Partition { table, partition, .. } => &[table, partition],
        Control::GlobalWatermark { .. } | Control::TickId { .. } | Control::Execute { .. } => &[],
    };
    for name in names {
        if !table::can_hold(client, name).await? {
            return Ok(Some((*name).clone()));
        }
    }
    Ok(None)
}
