//! A copy under one snapshot: the rows in one transaction on the target.

use std::time::{Duration, Instant};

use pg::{Table, TableKind};
use pgq::adoption::{self, Offer};
use pgq::table::{self, MergeState, TableInfo};
use pgq::{fail_point, node, replay};
use tracing::info;

use crate::columns::Copying;
use crate::connections::Sides;
use crate::error::During;
use crate::plan::Manner;
use crate::run::{self, Run, Step};
use crate::{Copier, Result, indexes, position};

/// Copies all rows. The consumer was registered at `first_tick` before, so that every change is in the rows or behind the tick; without, the
/// table has to go to the worker at once. False where the worker does not take it: nothing is done then.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    info: &TableInfo,
    (source, target): (&Table, &Table),
    copying: &Copying,
    manner: &Manner,
    first_tick: Option<i64>,
) -> Result<bool> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let began = Instant::now();
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let cancel = sides.provider.cancel_token();
    let reading = sides
        .provider
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
    let seen_tick = match manner {
        Manner::Tiny => adoption::seen_tick(&reading, queue, &info.name).await?,
        _ => None,
    };
    if seen_tick.is_none() && first_tick.is_none() {
        return Ok(false);
    }
    let writing = sides.target.transaction().await.during("beginning the copy")?;
    let (from, into): (&pg::Client, &pg::Client) = (reading.client(), writing.client());
    replay::enter(into, bypass_triggers).await?;
    if !run::is_wanted(into, queue, &info.name).await? {
        return Ok(true);
    }
    // the indexes of partitions would not come back under their own names
    let partitioned = target.kind == TableKind::Partitioned;
    let away = match manner {
        Manner::Tiny => 0,
        _ if partitioned => 0,
        _ => {
            let sizes = indexes::sizes(from, &source.name).await?;
            indexes::put_away(into, queue, info, &target.name, &sizes).await?.away
        }
    };
    let emptied = !info.has_attr("skip_truncate");
    if emptied {
        let only = if partitioned { "" } else { "only " };
        into.batch_execute(&format!("truncate {only}{}", target.name))
            .await
            .during(format!("emptying {}", target.name))?;
    }
    let mut valve = copier.valve(None, None);
    let copy_in = copying.copy_in(emptied && target.kind == TableKind::Ordinary);
    let copied = pg::pipe(from, &copying.copy_out(), into, &copy_in, &mut valve).await;
    let Some(copied) = copied.during(format!("copying {}", source.name))? else {
        // the valve closes only for chunks
        cancel.cancel_query().await.during("ending a copy")?;
        return Ok(true);
    };
    let mut run = Run {
        attempt: 1,
        step: Step::Indexes,
        provider_node: sides.provider_node.clone(),
        first_tick: first_tick.unwrap_or_default(),
        first_snapshot: snapshot.clone(),
        source_files: String::new(),
        layout: String::new(),
        staging: None,
        why_whole: None,
    };
    if let Manner::Whole(why) = manner {
        run.why_whole = why.map(str::to_owned);
    }
    let mut to = MergeState::CatchingUp;
    let moved = if away == 0 {
        if is_taken(copier, &writing, &sides.provider_node, seen_tick).await? {
            to = MergeState::Ok;
            table::set_error(&writing, queue, &info.name, None).await?;
        } else if let Some(tick) = first_tick {
            node::register_consumer(&writing, queue, &copier.consumer, &sides.provider_node, tick).await?;
        } else {
            copier.progress.undo(&info.name, valve.passed);
            return Ok(false);
        }
        position::advance(into, queue, &info.name, MergeState::InCopy, to, Some(&snapshot)).await?
    } else {
        run.insert(into, queue, info).await?;
        run::holds(into, queue, &info.name, run.attempt).await?
    };
    if !moved {
        // removed or asked for again meanwhile: the transaction goes, the caller looks at the new state
        return Ok(true);
    }
    fail_point::reached("whole-before-commit");
    writing.commit().await.during("committing the copy")?;
    fail_point::reached("whole-after-commit");
    reading.commit().await.during("ending the copy's snapshot")?;
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
    if away == 0 {
        copier.moved(info, to);
    }
    Ok(true)
}

/// How often the worker is asked, which holds its lock as long as a batch takes.
const OFFERS: u32 = 25;
const BETWEEN_OFFERS: Duration = Duration::from_millis(10);

/// Whether the worker takes the table as it is. It waits for this transaction then, as the transaction would for it: so it is not waited for long.
async fn is_taken(
    copier: &Copier,
    writing: &tokio_postgres::Transaction<'_>,
    provider_node: &str,
    seen_tick: Option<i64>,
) -> Result<bool> {
    let (queue, worker) = (copier.config.queue_name.as_str(), copier.config.worker());
    let Some(tick) = seen_tick else { return Ok(false) };
    for _ in 0..OFFERS {
        match adoption::offer(writing, queue, worker, provider_node, tick).await? {
            Offer::Taken => return Ok(true),
            Offer::Refused => return Ok(false),
            Offer::Busy => tokio::time::sleep(BETWEEN_OFFERS).await,
        }
    }
    Ok(false)
}
