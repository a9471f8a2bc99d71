//! Copy under one snapshot: the rows in one transaction on the target.

use std::time::Instant;

use parts::fail_point;
use pg::{Table, TableKind};
use pgq::copy::record::{CopyRecord, Step};
use pgq::copy::{read_tick, source as at_source};
use pgq::table::{MergeState, TableInfo};
use pgq::{identity, node, replay};
use tracing::info;

use crate::error::During;
use crate::indexes::drop_and_restore;
use crate::indexes::partition_tree::Tree;
use crate::rows::columns::Copying;
use crate::schedule::connections::Sides;
use crate::states::{copy_record, transition};
use crate::{Copier, Result};

/// Copies all rows; a large table with the reason why under one snapshot. The consumer was registered at `first_tick`
/// before, so that every change is in the rows or behind the tick. Answers the run whose indexes are to be built;
/// `None` where there are none, or the table's state is another one by now.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    info: &TableInfo,
    (source, target): (&Table, &Table),
    copying: &Copying,
    why_whole: Option<&'static str>,
    first_tick: i64,
) -> Result<Option<CopyRecord>> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    if let Some(why) = why_whole {
        copier.progress.whole(&info.name, why);
    }
    let began = Instant::now();
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let cancel = sides.provider.cancel_token();
    let (reading, snapshot) = copy_record::snapshot(&mut sides.provider).await?;
    let writing = sides.target.transaction().await.during("beginning the copy")?;
    let (from, into): (&pg::Client, &pg::Client) = (reading.client(), writing.client());
    replay::enter(into, bypass_triggers).await?;
    if !copy_record::is_wanted(into, queue, &info.name).await? {
        return Ok(None);
    }
    let tree = Tree::read(into, target).await?;
    let away = if tree.keeps_indexes().is_some() {
        0
    } else {
        let sizes = drop_and_restore::sizes(from, &source.name).await?;
        drop_and_restore::put_away(into, queue, info, (&target.name, &tree), &sizes).await?.away
    };
    let emptied = !info.has_attr("skip_truncate");
    if emptied {
        into.batch_execute(&format!("truncate {}{}", target.only(), target.name))
            .await
            .during(format!("emptying {}", target.name))?;
    }
    let mut valve = copier.valve(None, None);
    let copy_in = copying.copy_in(emptied && target.kind == TableKind::Ordinary);
    let copied = pg::pipe(from, &copying.copy_out(), into, &copy_in, &mut valve).await;
    let Some(copied) = copied.during(format!("copying {}", source.name))? else {
        // the valve closes only for chunks
        cancel.cancel_query().await.during("ending a copy")?;
        return Ok(None);
    };
    identity::adopt_here(into, queue, &[&info.name]).await?;
    read_tick::forget(into, queue, &[&info.name]).await?;
    // its lock is held since it was read
    let now = at_source::exchanged(from, &[(source.name.to_string(), source.oid)]).await;
    if !now.during("looking at the source's table")?.is_empty()
        || copy_record::are_strangers(from, into, queue, &[(&info.name, source.oid)]).await?
    {
        return Ok(None);
    }
    let run = CopyRecord {
        attempt: 1,
        step: Step::Indexes,
        provider_node: sides.provider_node.clone(),
        first_tick,
        first_snapshot: snapshot.clone(),
        source_files: String::new(),
        layout: String::new(),
        staging: None,
        why_whole: why_whole.map(str::to_owned),
    };
    let moved = if away == 0 {
        node::register_consumer(&writing, queue, &copier.consumer, &sides.provider_node, first_tick).await?;
        let (from, to) = (MergeState::InCopy, MergeState::CatchingUp);
        transition::advance(into, queue, &info.name, from, to, Some(&snapshot)).await?
    } else {
        copy_record::insert(into, queue, info, &run).await?;
        copy_record::holds(into, queue, &info.name, run.attempt).await?
    };
    if !moved {
        // removed or asked for again meanwhile: the transaction goes, the caller looks at the new state
        return Ok(None);
    }
    reading.commit().await.during("ending the copy's snapshot")?;
    copy_record::keep_tick(&sides.provider, into, queue, &[&info.name], &sides.provider_node).await?;
    pg::secure(&sides.provider).await.during("ending the copy's snapshot")?;
    fail_point::reached("whole-before-commit");
    writing.commit().await.during("committing the copy")?;
    fail_point::reached("whole-after-commit");
    info!(
        job,
        queue,
        table = info.name,
        rows = copied.rows,
        bytes = copied.bytes,
        indexes = away,
        binary = copying.binary,
        seconds = began.elapsed().as_secs_f64(),
        "table is copied"
    );
    if let Some(reason) = why_whole {
        info!(job, queue, table = info.name, reason, "table was copied under one snapshot");
    }
    if away == 0 {
        copier.moved(&info.name, MergeState::CatchingUp);
    }
    Ok((away > 0).then_some(run))
}
