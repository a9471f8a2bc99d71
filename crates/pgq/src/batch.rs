//! Ticks and batches of a queue, as its consumers see them.

use std::time::{Duration, SystemTime};

use pg::{Ask, Session};
use tokio_postgres::{GenericClient, Row};

use crate::call::{Parameters, asked, asked_one, row, rows};
use crate::maintenance::{ASKED_FOR, TICKS};
use crate::position::{self, Mark};
use crate::reading::{self, Events, Reading, Selection};
use crate::{Error, Result, portions};

/// Events between two ticks, handed to one consumer until it is finished.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Number of the batch, for reading and finishing it.
    pub id: i64,
    /// Tick at its end.
    pub tick: i64,
    /// Tick at its beginning.
    pub previous_tick: i64,
    /// Which tick of that number is at its end.
    pub mark: Mark,
    /// The same of the tick at its beginning; `None` where the provider does not tell.
    pub previous_mark: Option<Mark>,
    /// Event sequence at its end: no event of it has a higher number.
    pub last_event: i64,
    /// There may be ticks behind it.
    pub more: bool,
    /// The statement that reads it, where the provider has told it with the batch.
    pub told: Option<Reading>,
}

impl Batch {
    /// The statement that reads it; asks for it where the batch has come without.
    pub async fn reading<C: Ask>(&self, client: &C) -> Result<Reading> {
        match &self.told {
            Some(reading) => Ok(reading.clone()),
            None => reading::ask(client, self.id).await,
        }
    }

    /// The same, in portions of about so many `events` where the batch has the ticks for it: its first events come
    /// sooner. The session must not have parallel workers (`max_parallel_workers_per_gather = 0`).
    pub async fn reading_in_portions<C: Ask>(&self, client: &C, queue: &str, events: i64) -> Result<Reading> {
        let reading = self.reading(client).await?;
        let Some(begin) = self.previous_mark.as_ref().filter(|_| reading.sql.is_some()) else {
            return Ok(reading);
        };
        let ticks = (self.previous_tick, self.tick);
        let portions = portions::of(client.plain(), queue, ticks, &begin.snapshot, events).await?;
        Ok(Reading { portions, ..reading })
    }

    /// Reads it, as [`Reading::events`] does.
    pub async fn events<C: Ask>(&self, client: &C, selection: Selection<'_>) -> Result<Events> {
        self.reading(client).await?.events(client, selection).await
    }
}

/// Which ticks make a batch; the default takes single ticks as they come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Collect {
    /// Stay behind the newest tick by this much.
    pub keep_lag: Option<Duration>,
    /// Wait until ticks with this many events are there, unless `interval` is reached first.
    pub events: Option<i32>,
    /// Wait until ticks that span this much time are there, unless `events` are reached first.
    pub interval: Option<Duration>,
    /// Take all ticks that are there together, waiting for none, as far as they hold no more events than this (but one
    /// tick at least). `events` and `interval` say nothing then.
    pub at_most: Option<i32>,
    /// With `at_most`: this tick, and those behind it, are not taken together with others.
    pub alone_from: Option<i64>,
}

/// The file with the one text of the query for the ticks that are taken together.
const FILE: &str = include_str!("../../../sql/londiste_rs/next_batch.sql");

/// The call that takes them, for a provider without the file's function.
fn of_many() -> String {
    let after = FILE.split_once("-- span of the ticks: begin").map_or("", |(_, after)| after);
    let mut span = after.split_once("-- span of the ticks: end").map_or("", |(span, _)| span).to_owned();
    for (name, place) in [
        ("i_queue_name", "$1"),
        ("i_consumer_name", "$2"),
        ("i_min_lag", "make_interval(secs => $3)"),
        ("i_at_most", "$4"),
        ("i_alone_from", "$5"),
    ] {
        span = span.replace(name, place);
    }
    format!("pgq.next_batch_custom($1, $2, make_interval(secs => $3), 2147483647, ({span}))")
}

const AS_ASKED: &str =
    "pgq.next_batch_custom($1, $2, make_interval(secs => $3), $4, make_interval(secs => $5))";

fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|d| d.as_secs_f64())
}

/// The batch in hand of a consumer, or its next one; `None` when there is no new tick.
pub async fn next<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    collect: Collect,
) -> Result<Option<Batch>> {
    let keep_lag = seconds(collect.keep_lag);
    let interval = seconds(collect.interval);
    let (call, parameters): (_, Parameters<'_>) = match collect.at_most {
        Some(_) => (of_many(), &[&queue, &consumer, &keep_lag, &collect.at_most, &collect.alone_from]),
        None => (AS_ASKED.to_owned(), &[&queue, &consumer, &keep_lag, &collect.events, &interval]),
    };
    let sql = format!(
        "select b.batch_id, b.cur_tick_id, b.prev_tick_id, b.cur_tick_time, b.prev_tick_time, \
                b.cur_tick_event_seq as last_event, \
                c.tick_snapshot::text as cur_snapshot, p.tick_snapshot::text as prev_snapshot \
           from {call} b left join pgq.queue q on q.queue_name = $1 \
           left join pgq.tick c on c.tick_queue = q.queue_id and c.tick_id = b.cur_tick_id \
           left join pgq.tick p on p.tick_queue = q.queue_id and p.tick_id = b.prev_tick_id"
    );
    let found = rows(client, "pgq.next_batch_custom", &sql, parameters).await?;
    taken(client, queue, found).await
}

/// The question for the next batch, for whoever asks again and again. A provider without schema `londiste_rs` is asked
/// in plain SQL, which is planned anew each time, since a plan that is kept is the one for the few ticks that there
/// were when it was made; where there was no batch and no tick has come since, a smaller question answers.
#[derive(Debug, Default)]
pub struct NextBatch {
    /// The provider has a function for it.
    by_function: Option<bool>,
    /// The newest tick before it was asked in vain.
    nothing_behind: Option<i64>,
}

const BY_FUNCTION: &str = "select batch_id, cur_tick_id, prev_tick_id, cur_tick_time, prev_tick_time, \
           last_event, cur_snapshot, prev_snapshot, \
           case when batch_id is not null then pgq.batch_event_sql(batch_id) end as event_sql, \
           pg_catalog.current_setting('server_encoding') = 'SQL_ASCII' as is_raw, \
           exists (select from pgq.tick t where t.tick_id > cur_tick_id and t.tick_queue = \
                          (select q.queue_id from pgq.queue q where q.queue_name = $1)) as more \
      from londiste_rs.next_batch($1, $2, make_interval(secs => $3), $4, $5)";

impl NextBatch {
    /// Asks as [`next`] does.
    pub async fn ask(
        &mut self,
        provider: &Session,
        queue: &str,
        consumer: &str,
        collect: Collect,
    ) -> Result<Option<Batch>> {
        if collect.at_most.is_some() && self.is_by_function(provider).await? {
            let keep_lag = seconds(collect.keep_lag);
            let values: Parameters<'_> =
                &[&queue, &consumer, &keep_lag, &collect.at_most, &collect.alone_from];
            let found = asked(provider, "londiste_rs.next_batch", BY_FUNCTION, values).await?;
            return taken(&**provider, queue, found).await;
        }
        // with a lag to keep, time alone may make a batch of ticks that were there
        let ticks_alone = collect.at_most.is_some() && collect.keep_lag.is_none();
        let newest = if ticks_alone && self.nothing_behind.is_some() {
            last_tick(provider, queue).await?
        } else {
            None
        };
        if newest.is_some() && newest == self.nothing_behind {
            return Ok(None);
        }
        let found = next(&**provider, queue, consumer, collect).await?;
        self.nothing_behind = match found {
            None if ticks_alone => Some(newest.unwrap_or(0)),
            _ => None,
        };
        Ok(found)
    }

    async fn is_by_function(&mut self, provider: &Session) -> Result<bool> {
        if let Some(known) = self.by_function {
            return Ok(known);
        }
        let sql =
            "select to_regprocedure('londiste_rs.next_batch(text,text,interval,integer,bigint)') is not null";
        let known = row(&**provider, "looking for londiste_rs.next_batch", sql, &[]).await?.get(0);
        self.by_function = Some(known);
        Ok(known)
    }
}

/// The batch that the function has answered.
async fn taken<C: GenericClient>(client: &C, queue: &str, found: Vec<Row>) -> Result<Option<Batch>> {
    let Some(row) = found.first() else { return Ok(None) };
    let Some(id) = row.get::<_, Option<i64>>("batch_id") else { return Ok(None) };
    let tick = row.get("cur_tick_id");
    let mark = match row.get("cur_snapshot") {
        Some(snapshot) => Mark { time: row.get("cur_tick_time"), snapshot },
        // the tick was committed after this statement had begun: only the function, which looks later, has seen it
        None => position::mark(client, queue, tick)
            .await?
            .ok_or_else(|| Error::NoTick { queue: queue.to_owned(), tick })?,
    };
    let time: Option<SystemTime> = row.get("prev_tick_time");
    let snapshot: Option<String> = row.get("prev_snapshot");
    Ok(Some(Batch {
        id,
        tick,
        previous_tick: row.get("prev_tick_id"),
        mark,
        previous_mark: time.zip(snapshot).map(|(time, snapshot)| Mark { time, snapshot }),
        last_event: row.get::<_, Option<i64>>("last_event").unwrap_or_default(),
        // plain SQL does not tell these
        more: row.try_get("more").unwrap_or(true),
        told: row.try_get("event_sql").ok().map(|sql| Reading {
            sql,
            is_raw: row.get("is_raw"),
            portions: Vec::new(),
        }),
    }))
}

/// The batch that an earlier session of the consumer has taken and not finished.
#[derive(Clone, Copy, Debug)]
pub struct Unfinished {
    /// Tick at its beginning.
    pub previous_tick: i64,
    /// Events at most: of all tables, and numbers that were given to none.
    pub events: i64,
    /// It has more than one tick.
    pub divisible: bool,
}

/// The consumer's batch in hand.
pub async fn unfinished<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
) -> Result<Option<Unfinished>> {
    let sql = "select s.sub_last_tick, n.tick_event_seq - l.tick_event_seq, \
                      exists (select from pgq.tick t where t.tick_queue = s.sub_queue \
                                 and t.tick_id > l.tick_id and t.tick_id < n.tick_id) \
                 from pgq.subscription s \
                 join pgq.queue q on q.queue_id = s.sub_queue join pgq.consumer c on c.co_id = s.sub_consumer \
                 join pgq.tick l on l.tick_queue = s.sub_queue and l.tick_id = s.sub_last_tick \
                 join pgq.tick n on n.tick_queue = s.sub_queue and n.tick_id = s.sub_next_tick \
                where q.queue_name = $1 and c.co_name = $2 and s.sub_batch is not null";
    let rows = rows(client, "the consumer's batch in hand", sql, &[&queue, &consumer]).await?;
    Ok(rows.first().map(|row| Unfinished {
        previous_tick: row.get(0),
        events: row.get::<_, Option<i64>>(1).unwrap_or_default(),
        divisible: row.get(2),
    }))
}

/// Whether a batch is one tick's: no other tick lies between its beginning and its end.
pub async fn is_single<C: GenericClient>(client: &C, queue: &str, batch: &Batch) -> Result<bool> {
    let sql = "select not exists (select from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue \
                where q.queue_name = $1 and t.tick_id > $2 and t.tick_id < $3)";
    Ok(row(client, "ticks of a batch", sql, &[&queue, &batch.previous_tick, &batch.tick]).await?.get(0))
}

/// Gives a batch back as done.
pub async fn finish<C: Ask>(client: &C, batch: &Batch) -> Result<()> {
    asked_one(client, "pgq.finish_batch", "select pgq.finish_batch($1)", &[&batch.id]).await?;
    Ok(())
}

/// Subscribes a consumer at the queue's newest tick, or at the tick given. True when it was not subscribed before.
pub async fn register<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    tick: Option<i64>,
) -> Result<bool> {
    let new: i32 = match tick {
        None => {
            row(client, "pgq.register_consumer", "select pgq.register_consumer($1, $2)", &[&queue, &consumer])
                .await?
        }
        Some(tick) => {
            let parameters: Parameters<'_> = &[&queue, &consumer, &tick];
            row(client, "pgq.register_consumer_at", "select pgq.register_consumer_at($1, $2, $3)", parameters)
                .await?
        }
    }
    .get(0);
    Ok(new == 1)
}

/// Ends a subscription; it is no error where there is none.
pub async fn unregister<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Result<()> {
    unsubscribe_all(client, queue, &[consumer]).await
}

/// Subscribes consumers anew, wherever they were before, all of them at the queue's newest tick; answers it, `None`
/// where there is no queue.
pub async fn subscribe_all<C: GenericClient + Ask>(
    client: &C,
    queue: &str,
    consumers: &[&str],
) -> Result<Option<i64>> {
    unsubscribe_all(client, queue, consumers).await?;
    let tick = last_tick(client, queue).await?;
    if let Some(tick) = tick {
        move_all(client, queue, consumers, tick).await?;
    }
    Ok(tick)
}

/// Lets consumers go on behind a tick, without a batch in hand.
pub async fn move_all<C: GenericClient>(
    client: &C,
    queue: &str,
    consumers: &[&str],
    tick: i64,
) -> Result<()> {
    let sql = "select pgq.register_consumer_at($1, c, $3) from unnest($2) c";
    rows(client, "pgq.register_consumer_at", sql, &[&queue, &consumers, &tick]).await?;
    Ok(())
}

/// Ends subscriptions; it is no error where there are none.
pub async fn unsubscribe_all<C: GenericClient>(client: &C, queue: &str, consumers: &[&str]) -> Result<()> {
    let sql = "with here as materialized ( \
                    select c.co_name from pgq.subscription s \
                      join pgq.queue q on q.queue_id = s.sub_queue join pgq.consumer c on c.co_id = s.sub_consumer \
                     where q.queue_name = $1 and c.co_name = any ($2)) \
               select pgq.unregister_consumer($1, co_name) from here";
    rows(client, "pgq.unregister_consumer", sql, &[&queue, &consumers]).await?;
    Ok(())
}

/// The last tick a consumer has finished, `None` when it is not subscribed.
pub async fn subscription<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Result<Option<i64>> {
    let stands = position::subscription(client, queue, consumer).await?;
    Ok(stands.map(|subscription| subscription.finished))
}

/// Whether [`tick_now`] makes ticks on this server: schema `londiste_rs` is there.
pub async fn can_tick_now<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select to_regprocedure('londiste_rs.tick_now(text)') is not null";
    Ok(row(client, "looking for londiste_rs.tick_now", sql, &[]).await?.get(0))
}

/// Makes a tick now; its number, or `None` where that is the ticker's alone: on a queue whose ticks come from outside,
/// and on a server without schema `londiste_rs`, since the stock extension's `force_tick` may give numbers of events
/// away twice. Tells listeners of [`TICKS`], as the ticker does.
pub async fn tick_now<C: GenericClient>(client: &C, queue: &str) -> Result<Option<i64>> {
    const WHAT: &str = "londiste_rs.tick_now";
    if !can_tick_now(client).await? {
        return Ok(None);
    }
    let aloud = "select n, case when n is not null then pg_catalog.pg_notify($2, $3)::text end \
                   from londiste_rs.tick_now($1) n";
    match row(client, WHAT, aloud, &[&queue, &TICKS, &ASKED_FOR]).await {
        // the server's queue of notifications is full: there was no tick
        Err(Error::Sql { source, .. })
            if source.sqlstate() == Some(&pg::SqlState::PROGRAM_LIMIT_EXCEEDED) =>
        {
            Ok(row(client, WHAT, "select londiste_rs.tick_now($1)", &[&queue]).await?.get(0))
        }
        made => Ok(made?.get(0)),
    }
}

/// The newest tick of a queue.
pub async fn last_tick<C: Ask>(client: &C, queue: &str) -> Result<Option<i64>> {
    let sql = "select (select t.tick_id from pgq.tick t \
                        where t.tick_queue = (select q.queue_id from pgq.queue q where q.queue_name = $1) \
                        order by t.tick_id desc limit 1)";
    Ok(asked_one(client, "the queue's newest tick", sql, &[&queue]).await?.get(0))
}

/// Sets one of a queue's settings, a column of `pgq.queue` without its prefix.
pub async fn configure<C: GenericClient>(client: &C, queue: &str, setting: &str, value: &str) -> Result<()> {
    let sql = "select pgq.set_queue_config($1, $2, $3)";
    row(client, "pgq.set_queue_config", sql, &[&queue, &setting, &value]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_marks_the_query() {
        let call = super::of_many();
        assert!(call.contains("limit 2000") && call.contains("c.co_name = $2"), "{call}");
        assert!(!call.contains("i_"), "{call}");
    }
}
