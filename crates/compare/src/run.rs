//! Run of a comparison: pair after pair, over all tables that were asked for.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::{BoxFuture, try_join_all};
use pg::Valve;
use pgq::comparison::{self, Verdict};
use pgq::table::{self, MergeState, TableInfo};
use tokio::time::sleep;

use crate::files::{self, files};
use crate::pair::{self, Pair};
use crate::settle::{self, Settled};
use crate::shared::Shared;
use crate::side::Sides;
use crate::subject::Subject;
use crate::task::{self, Ended, Task, Way};
use crate::touched::{self, Touched};
use crate::{Config, Error, Observer, Outcome, Result, Valves, begin, buckets, crosswise, ranges, several};

/// A table that no pair can tell anything of is tried so many times.
const TRIES: usize = 8;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(500);
/// So much later the lag may be shorter.
const LAG: Duration = Duration::from_secs(5);

/// Compares tables of a leaf with the root's, as many at once as there are connections. Tables about which nothing can
/// be said end as [`Verdict::Unverified`], and the others go on.
///
/// # Errors
/// A connection is lost, another comparison is at work, or this one is to stop: what was found out is kept.
pub fn run<'a>(
    connections: &'a [Sides],
    config: &'a Config,
    tables: &'a [TableInfo],
    observer: &'a mut dyn Observer,
    valves: &'a Valves<'a>,
) -> BoxFuture<'a, Result<Vec<Outcome>>> {
    // boxed: a body that is not is compiled anew in each crate that waits for it
    Box::pin(all(connections, config, tables, observer, valves))
}

async fn all(
    connections: &[Sides],
    config: &Config,
    tables: &[TableInfo],
    observer: &mut dyn Observer,
    valves: &Valves<'_>,
) -> Result<Vec<Outcome>> {
    let Some(first) = connections.first() else { return Ok(Vec::new()) };
    for sides in connections {
        sides.pin().await?;
    }
    if !comparison::take_turn(&*first.record, &config.queue).await? {
        return Err(Error::Busy { queue: config.queue.clone() });
    }
    comparison::forget_stop(&*first.record, &config.queue).await?;
    let mut outcomes = Vec::new();
    let mut tasks = begin::all(first, config, tables, observer, &mut outcomes).await?;
    // small tables first: what there is to say of them is said soon
    tasks.sort_by_key(|task| task.work.subject.bytes());
    let observer = Mutex::new(observer);
    let lists = shares(tasks, connections.len());
    let works = connections
        .iter()
        .zip(lists)
        .map(|(sides, tasks)| work(sides, config, tasks, Shared::new(&observer), valves()));
    for ended in try_join_all(works).await? {
        outcomes.extend(ended);
    }
    Ok(outcomes)
}

/// Tables, small ones first, in as many lists of about the same size.
fn shares(tasks: Vec<Task>, lists: usize) -> Vec<Vec<Task>> {
    let mut shares: Vec<(i64, Vec<Task>)> = (0..lists.max(1)).map(|_| (0, Vec::new())).collect();
    // the largest are dealt out first
    for task in tasks.into_iter().rev() {
        let bytes = task.work.subject.bytes();
        if let Some((sum, share)) = shares.iter_mut().min_by_key(|(sum, _)| *sum) {
            *sum = sum.saturating_add(bytes);
            share.push(task);
        }
    }
    shares
        .into_iter()
        .map(|(_, mut share)| {
            share.reverse();
            share
        })
        .collect()
}

/// Compares some of the tables, over connections of their own.
async fn work(
    sides: &Sides,
    config: &Config,
    mut tasks: Vec<Task>,
    mut observer: Shared<'_, '_>,
    mut valve: Box<dyn Valve>,
) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    while !tasks.is_empty() {
        let ended = one_pair(sides, config, &mut tasks, &mut observer, &mut *valve).await;
        pair::close_both(sides).await?;
        let mut left = Vec::new();
        for (task, ended) in std::mem::take(&mut tasks).into_iter().zip(ended?) {
            match ended {
                None => left.push(task),
                Some(ended) => outcomes.push(finish(sides, config, task, ended, &mut observer).await?),
            }
        }
        tasks = left;
    }
    Ok(outcomes)
}

/// Goes on with all tables by one pair; answers which of them have come to their end.
async fn one_pair(
    sides: &Sides,
    config: &Config,
    tasks: &mut [Task],
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<Vec<Option<Ended>>> {
    let mut ended: Vec<Option<Ended>> = tasks.iter().map(|_| None).collect();
    let subjects: Vec<&Subject> = tasks.iter().map(|task| &task.work.subject).collect();
    let files_before = files(sides, &subjects).await?;
    if config.is_stopped() || comparison::is_to_stop(&*sides.record, &config.queue).await? {
        return Err(Error::Stopped);
    }
    let pair = Pair::open(sides, config, observer).await?;
    let states = states(sides, config).await?;
    let read = touched::read(sides, config, (&pair.seen, &pair.until), &subjects, true).await?;
    let Some(mut changes) = read.filter(|_| pair.age() < 10 * config.slice) else {
        observer.waits(
            "the target lags so far behind that too many rows change between two snapshots: \
             waiting until it has caught up",
        );
        sleep(LAG).await;
        return Ok(ended);
    };
    if !pair.is_whole(sides, config).await? {
        return Ok(ended);
    }
    for (task, ended) in tasks.iter().zip(&mut ended) {
        let state = states.get(&task.work.subject.name);
        if let Some(why) = state.map_or(Some("it is not replicated here any more"), |why| why.as_deref()) {
            *ended = Some(Ended::Unverified(why.to_owned()));
        }
    }
    let of_use =
        several::go_on((sides, config, &pair), tasks, &mut ended, (&files_before, &changes), observer, valve);
    if !of_use.await? {
        return Ok(ended);
    }
    for ((task, ended), before) in tasks.iter_mut().zip(&mut ended).zip(&files_before) {
        if config.is_stopped() {
            return Err(Error::Stopped);
        }
        if pair.age() >= config.slice {
            break;
        }
        if ended.is_some() {
            continue;
        }
        let touched = changes.remove(&task.work.subject.name).unwrap_or_default();
        let worked = one_table((sides, config, &pair), task, before, &touched, observer, valve).await;
        match worked {
            Ok(done) => *ended = done,
            Err(error) if error.ends_all() => return Err(error),
            // both snapshots are of no use after it: the other tables go on with the next pair
            Err(error) => {
                task.work.forget();
                *ended = Some(Ended::Unverified(error.to_string()));
                break;
            }
        }
    }
    Ok(ended)
}

/// Goes on with one table.
async fn one_table(
    (sides, config, pair): (&Sides, &Config, &Pair),
    task: &mut Task,
    files_before: &str,
    touched: &Touched,
    observer: &mut dyn Observer,
    valve: &mut dyn Valve,
) -> Result<Option<Ended>> {
    // from now on nobody empties or rewrites it until the pair is given up: what a snapshot sees of such a table is not
    // what it was
    files::hold(sides, &[&task.work.subject]).await?;
    let is_same =
        files(sides, &[&task.work.subject]).await?.first().map(String::as_str) == Some(files_before);
    if let Some(why) =
        touched.whole.as_deref().or((!is_same).then_some("it is emptied or rewritten again and again"))
    {
        task.tries += 1;
        sleep(PAUSE).await;
        return Ok((task.tries >= TRIES).then(|| Ended::Unverified(why.to_owned())));
    }
    let work = &mut task.work;
    if !work.record.read_all {
        match Way::of(config, &work.subject) {
            Way::Ranges => ranges::go_on((sides, config, pair), work, touched, observer, valve).await?,
            Way::Crosswise => crosswise::go_on((sides, config, pair), work, touched, observer, valve).await?,
            Way::Buckets => buckets::whole((sides, config), work, touched, observer, valve).await?,
        }
        work.keep(sides, config, pair, observer).await?;
        return match work.is_gone {
            true => Ok(Some(task::gone())),
            false => Ok(settle::is_done((sides, config), work).await?.then_some(Ended::Done)),
        };
    }
    let settled = settle::some((sides, config), work, touched, task.settling, observer).await?;
    task.settling += 1;
    work.keep(sides, config, pair, observer).await?;
    Ok(match settled {
        _ if work.is_gone => Some(task::gone()),
        Settled::All => Some(Ended::Done),
        Settled::More => None,
        Settled::Never(keys) => Some(Ended::Unverified(format!(
            "{keys} rows change all the time, and their events do not tell whole rows: compare it when they rest"
        ))),
    })
}

/// Why the tables of the target's snapshot cannot be compared; `None` for those that can.
async fn states(sides: &Sides, config: &Config) -> Result<HashMap<String, Option<String>>> {
    let parked = table::parked(&*sides.target, &config.queue).await?;
    let tables = table::list(&*sides.target, &config.queue).await?;
    Ok(tables
        .into_iter()
        .filter(|info| info.local)
        .map(|info| {
            let parked = parked.iter().find(|parked| parked.table == info.name);
            let why = match (parked, info.state) {
                (Some(parked), _) => Some(format!("it is parked: {}", parked.error)),
                (None, MergeState::Ok) => None,
                (None, state) => Some(format!("it is {state}, not ok: see wait-sync")),
            };
            (info.name, why)
        })
        .collect())
}

async fn finish(
    sides: &Sides,
    config: &Config,
    task: Task,
    ended: Ended,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let Task { work, mut remarks, .. } = task;
    let record = work.record;
    let is_kept = matches!(ended, Ended::Equal);
    let verdict = match ended {
        Ended::Equal => Verdict::Equal,
        Ended::Unverified(why) => {
            remarks.insert(0, why);
            Verdict::Unverified
        }
        Ended::Done if record.differing > 0 => Verdict::Differs,
        Ended::Done => Verdict::Equal,
    };
    if !is_kept {
        let reason = task::reason(&remarks);
        comparison::finish(&*sides.record, &config.queue, &record.table, verdict, reason.as_deref()).await?;
    }
    let outcome = Outcome {
        table: record.table,
        verdict,
        rows: record.rows,
        differing: record.differing,
        at: record.at,
        remarks,
    };
    observer.ended(&outcome);
    Ok(outcome)
}
