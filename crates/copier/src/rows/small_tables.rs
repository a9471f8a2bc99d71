//! Small tables, one or several: under one snapshot of the source and in one transaction on the target, with their
//! indexes in place.

use std::time::{Duration, Instant};

use parts::fail_point;
use pg::{Table, TableKind};
use pgq::copy::{read_tick, record, source};
use pgq::table::{self, MergeState, TableInfo};
use pgq::{identity, node, replay};
use tracing::info;

use crate::error::During;
use crate::rows::columns::Copying;
use crate::rows::strategy::CopyMode;
use crate::rows::{columns, strategy};
use crate::schedule::connections::Sides;
use crate::schedule::group::{CopyGroup, Verdict};
use crate::states::{copy_record, subscribe, transition};
use crate::throttle::valve::Valve;
use crate::{Copier, Result};

/// Bytes that are copied together at most, at full speed; and for so long at a limited one.
const MOST: i64 = 16 << 20;
const LONGEST: Duration = Duration::from_secs(10);
/// A table whose lock is not to be had does not hold up the others for longer, nor do copies that are held hold a
/// snapshot.
const PATIENCE: Duration = Duration::from_secs(2);

/// A table that is copied.
pub(crate) struct Member {
    pub(crate) info: TableInfo,
    pub(crate) source: Table,
    pub(crate) target: Table,
    pub(crate) copying: Copying,
    /// Bytes of its rows on the source.
    pub(crate) bytes: i64,
}

/// Copies the table of `lead`, and those that wait for connections and are as small; these are the `group` then.
pub(crate) async fn copy(
    copier: &Copier,
    sides: &mut Sides,
    lead: Member,
    group: &mut CopyGroup,
) -> Result<()> {
    *group = copier.permits.take(&copier.table);
    let mut members = vec![lead];
    if !group.is_empty() {
        join(copier, sides, &mut members, group).await?;
    }
    let queue = copier.config.queue_name.as_str();
    let consumers = copier.consumers(group);
    let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
    node::unregister_consumers(&*sides.target, queue, &consumers).await?;
    let first_tick = subscribe::subscribe(sides, queue, &consumers).await?;
    let infos: Vec<&TableInfo> = members.iter().map(|member| &member.info).collect();
    subscribe::free(copier, sides, &infos).await?;
    write(copier, sides, members, group, first_tick).await
}

/// Adds the tables of the group that can be copied together with the first one; the others leave it.
async fn join(
    copier: &Copier,
    sides: &Sides,
    members: &mut Vec<Member>,
    group: &mut CopyGroup,
) -> Result<()> {
    let queue = copier.config.queue_name.as_str();
    let names = group.tables();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let begun = record::begun(&*sides.target, queue, &names).await;
    let begun = begun.during("looking for copies that have begun")?;
    let mut infos = table::several(&*sides.target, queue, &names).await?;
    infos.retain(|info| info.local && info.state == MergeState::InCopy);
    group.keep(|name| infos.iter().any(|info| info.name == name), Verdict::Again);
    infos.retain(|info| info.dropped_ddl.is_none() && !begun.contains(&info.name));
    let pairs = columns::all(&copier.config, &sides.provider, &sides.target, &infos).await?;
    // what is wrong with a table its own copy says
    let pairs: Vec<_> =
        infos.into_iter().zip(pairs).filter_map(|(info, pair)| Some((info, pair.ok()?))).collect();
    let sources: Vec<&Table> = pairs.iter().map(|(_, (source, ..))| source).collect();
    let facts = strategy::facts_of(&sides.provider, &sources).await?;
    let mut bytes: i64 = members.iter().map(|member| member.bytes).sum();
    let most = copier
        .gate
        .rate()
        .map_or(MOST, |rate| i64::try_from(rate.saturating_mul(LONGEST.as_secs())).unwrap_or(MOST).min(MOST));
    for (info, (source, target, copying)) in pairs {
        let facts = facts.get(&source.oid).copied().unwrap_or_default();
        if strategy::by_size(&copier.config, &info, &facts) != Some(CopyMode::Tiny) {
            continue;
        }
        bytes = bytes.saturating_add(facts.bytes);
        if bytes > most {
            group.tell(&info.name, Verdict::Again);
            bytes = bytes.saturating_sub(facts.bytes);
            continue;
        }
        copier.progress.expect(&info.name, facts.bytes);
        members.push(Member { info, source, target, copying, bytes: facts.bytes });
    }
    group.keep(|name| members.iter().any(|member| member.info.name == name), Verdict::Alone);
    Ok(())
}

/// The rows. The consumers were registered at `first_tick` before, so that every change is in the rows or behind the
/// tick.
async fn write(
    copier: &Copier,
    sides: &mut Sides,
    mut members: Vec<Member>,
    group: &mut CopyGroup,
    first_tick: i64,
) -> Result<()> {
    let (job, queue) = (copier.config.job_name.as_str(), copier.config.queue_name.as_str());
    let began = Instant::now();
    let bypass_triggers = replay::may_bypass_triggers(&*sides.target).await?;
    let cancel = sides.provider.cancel_token();
    let (reading, snapshot) = copy_record::snapshot(&mut sides.provider).await?;
    let writing = sides.target.transaction().await.during("beginning the copy")?;
    let (from, into): (&pg::Client, &pg::Client) = (reading.client(), writing.client());
    if !group.is_empty() {
        let limit = format!("set local lock_timeout = {}", PATIENCE.as_millis());
        from.batch_execute(&limit).await.during("beginning the copy's snapshot")?;
        into.batch_execute(&limit).await.during("beginning the copy")?;
    }
    replay::enter(into, bypass_triggers).await?;
    let names: Vec<&str> = members.iter().map(|member| member.info.name.as_str()).collect();
    let wanted = copy_record::wanted(into, queue, &names).await?;
    members.retain(|member| wanted.contains(&member.info.name));
    group.keep(|name| wanted.iter().any(|wanted| wanted == name), Verdict::Again);
    if !wanted.contains(&copier.table) {
        group.tell_all(Verdict::Again);
        return Ok(());
    }
    empty(into, &members).await?;
    let mut copied = Vec::new();
    for member in &members {
        let mut valve = Valve { table: member.info.name.clone(), ..copier.valve(Some(PATIENCE), None) };
        let freeze = member.is_emptied() && member.target.kind == TableKind::Ordinary;
        let (out, copy_in) = (member.copying.copy_out(), member.copying.copy_in(freeze));
        let rows = pg::pipe(from, &out, into, &copy_in, &mut valve).await;
        match rows.during(format!("copying {}", member.source.name))? {
            Some(rows) => copied.push((member, rows)),
            None => {
                // held: the transactions go, and with them the snapshot
                cancel.cancel_query().await.during("ending a copy")?;
                group.tell_all(Verdict::Again);
                return Ok(());
            }
        }
    }
    // their locks are held since they were read
    let sources: Vec<_> =
        members.iter().map(|member| (member.source.name.to_string(), member.source.oid)).collect();
    let now = source::exchanged(from, &sources).await;
    let known: Vec<(&str, u32)> =
        members.iter().map(|member| (member.info.name.as_str(), member.source.oid)).collect();
    if !now.during("looking at the source's tables")?.is_empty()
        || copy_record::are_strangers(from, into, queue, &known).await?
    {
        group.tell_all(Verdict::Again);
        return Ok(());
    }
    let consumers: Vec<String> =
        members.iter().map(|member| copier.config.consumer(&member.info.name)).collect();
    let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
    node::register_consumers(&writing, queue, &consumers, &sides.provider_node, first_tick).await?;
    let names: Vec<&str> = members.iter().map(|member| member.info.name.as_str()).collect();
    let (old, new) = (MergeState::InCopy, MergeState::CatchingUp);
    let moved = transition::advance_all(into, queue, &names, old, new, Some(&snapshot)).await?;
    if moved.len() < names.len() {
        group.tell_all(Verdict::Again);
        return Ok(());
    }
    reading.commit().await.during("ending the copy's snapshot")?;
    identity::adopt_here(into, queue, &names).await?;
    read_tick::forget(into, queue, &names).await?;
    copy_record::keep_tick(&sides.provider, into, queue, &names, &sides.provider_node).await?;
    pg::secure(&sides.provider).await.during("ending the copy's snapshot")?;
    fail_point::reached("whole-before-commit");
    writing.commit().await.during("committing the copy")?;
    fail_point::reached("whole-after-commit");
    let (together, seconds) = (copied.len(), began.elapsed().as_secs_f64());
    for (member, copied) in copied {
        let (rows, bytes, binary) = (copied.rows, copied.bytes, member.copying.binary);
        info!(
            job,
            queue,
            table = member.info.name,
            rows,
            bytes,
            binary,
            together,
            seconds,
            "table is copied"
        );
        copier.moved(&member.info.name, new);
    }
    Ok(())
}

/// Empties those whose rows are not to be kept.
async fn empty(into: &pg::Client, members: &[Member]) -> Result<()> {
    let table = |member: &Member| format!("{}{}", member.target.only(), member.target.name);
    let emptied: Vec<String> = members.iter().filter(|member| member.is_emptied()).map(table).collect();
    if emptied.is_empty() {
        return Ok(());
    }
    let truncate = format!("truncate {}", emptied.join(", "));
    into.batch_execute(&truncate)
        .await
        .during(format!("emptying {}", emptied.join(", ").replace("only ", "")))
}

impl Member {
    fn is_emptied(&self) -> bool {
        !self.info.has_attr("skip_truncate")
    }
}
