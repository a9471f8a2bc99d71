//! The bulk copy: one snapshot of the provider's table, into the target in one transaction.

use std::time::Instant;

use pg::TableKind;
use pgq::table::{self, MergeState, TableInfo};
use pgq::{batch, fail_point, node, replay};
use tracing::{debug, info};

use crate::connections::Sides;
use crate::error::During;
use crate::{Copier, Result, columns, indexes, position};

/// Copies the table. The consumer is registered before the snapshot is taken, so that every change is in the one or behind the other.
pub(crate) async fn copy(copier: &Copier, sides: &mut Sides, info: &TableInfo) -> Result<()> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let began = Instant::now();
    node::unregister_consumer(&*sides.target, queue, &copier.consumer).await?;
    let first_tick = subscribe(copier, sides).await?;
    fail_point::reached("copy-registered");
    free(copier, sides, info).await?;
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let provider = &mut sides.provider;
    let reading = provider
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .during("beginning the copy's snapshot")?;
    let snapshot: String = reading
        .query_one("select txid_current_snapshot()::text", &[])
        .await
        .during("taking the copy's snapshot")?
        .get(0);
    let writing = sides.target.transaction().await.during("beginning the copy")?;
    let (from, into): (&pg::Client, &pg::Client) = (reading.client(), writing.client());
    let (source, dest) = columns::both(from, into, &info.name, info.dest()).await?;
    let statements = columns::statements(&source, &dest)?;
    replay::enter(into, bypass_triggers).await?;
    if !info.has_attr("skip_truncate") {
        let only = if dest.kind == TableKind::Partitioned { "" } else { "only " };
        into.batch_execute(&format!("truncate {only}{}", dest.name))
            .await
            .during(format!("emptying {}", dest.name))?;
    }
    // the indexes of partitions would not come back under their own names
    let dropped = match dest.kind {
        TableKind::Partitioned => None,
        _ => Some(indexes::drop(into, &dest.name).await?),
    };
    let streaming = Instant::now();
    let copied = pg::pipe(from, &statements.copy_out, into, &statements.copy_in, |bytes| {
        copier.report.copied(bytes);
        debug!(job, queue, table = info.name, bytes, "copying");
    })
    .await
    .during(format!("copying {}", source.name))?;
    let streamed = streaming.elapsed();
    if let Some(dropped) = &dropped {
        dropped.rebuild(into).await?;
    }
    indexes::restore_dropped(into, queue, info).await?;
    let moved = position::advance(
        into,
        queue,
        &info.name,
        MergeState::InCopy,
        MergeState::CatchingUp,
        Some(&snapshot),
    )
    .await?;
    if !moved {
        // removed or asked for again meanwhile: the transaction goes, the caller looks at the new state
        return Ok(());
    }
    node::register_consumer(&writing, queue, &copier.consumer, &sides.provider_node, first_tick).await?;
    table::set_error(&writing, queue, &info.name, None).await?;
    fail_point::reached("copy-before-commit");
    writing.commit().await.during("committing the copy")?;
    fail_point::reached("copy-after-commit");
    reading.commit().await.during("ending the copy's snapshot")?;
    let indexes = dropped.map_or(0, |dropped| dropped.len());
    info!(
        job,
        queue,
        table = info.name,
        rows = copied.rows,
        bytes = copied.bytes,
        indexes,
        seconds = began.elapsed().as_secs_f64(),
        streaming_seconds = streamed.as_secs_f64(),
        "table is copied"
    );
    copier.moved(info, MergeState::CatchingUp);
    let analyze = format!("analyze {}", dest.name);
    sides.target.batch_execute(&analyze).await.during(analyze.as_str())
}

/// Subscribes the copy's consumer at a fresh tick, whatever an earlier attempt has left.
async fn subscribe(copier: &Copier, sides: &Sides) -> Result<i64> {
    let queue = copier.config.queue_name.as_str();
    let provider = &*sides.provider;
    batch::unregister(provider, queue, &copier.consumer).await?;
    batch::register(provider, queue, &copier.consumer, None).await?;
    let position = batch::subscription(provider, queue, &copier.consumer).await?;
    Ok(position.ok_or_else(|| pgq::Error::NoNode { queue: queue.to_owned() })?)
}

/// Foreign keys at either end go in a short transaction of their own: their locks on other tables must not last as long as a copy.
/// What cannot go is made deferrable, and user triggers are switched off.
async fn free(copier: &Copier, sides: &mut Sides, info: &TableInfo) -> Result<()> {
    let transaction = sides.target.transaction().await.during("dropping foreign keys")?;
    let sql = "select londiste_rs.drop_fkeys($1)";
    let what = || format!("dropping the foreign keys of {}", info.dest());
    let dropped: i32 = transaction.query_one(sql, &[&info.dest()]).await.during(what())?.get(0);
    transaction
        .query_one("select londiste_rs.relax_tables()", &[])
        .await
        .during("relaxing foreign keys and triggers")?;
    transaction.commit().await.during(what())?;
    if dropped > 0 {
        let (job, queue) = (&copier.config.job_name, &copier.config.queue_name);
        info!(
            job,
            queue,
            table = info.name,
            foreign_keys = dropped,
            "foreign keys are dropped until the table is ok"
        );
    }
    Ok(())
}
