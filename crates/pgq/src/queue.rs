//! Queue: its newest tick, its consumers and their lags.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// Makes a tick by the stock functions, which any version has.
pub async fn force_tick<C: GenericClient>(client: &C, queue: &str) -> Answer<()> {
    client.query_one("select pgq.force_tick($1)", &[&queue]).await?;
    client.query_one("select pgq.ticker($1)", &[&queue]).await?;
    Ok(())
}

/// `queue` with the number of its last event, as far as this role may read it.
const QUEUE: &str = "\
queue as (
    select q.queue_id, case when has_sequence_privilege(q.queue_event_seq, 'select')
                                then pgq.seq_getval(q.queue_event_seq) end as last_event
      from pgq.queue q where q.queue_name = $1)";

/// The newest tick and its age in seconds: none where no event has come since.
pub async fn newest_tick<C: GenericClient>(client: &C, queue: &str) -> Answer<Option<(i64, Option<f64>)>> {
    let sql = format!(
        "with {QUEUE} \
         select t.tick_id, case when q.last_event <= t.tick_event_seq then 0 \
                                else extract(epoch from clock_timestamp() - t.tick_time) end::float8 \
           from queue q join pgq.tick t on t.tick_queue = q.queue_id order by t.tick_id desc limit 1"
    );
    Ok(client.query_opt(&sql, &[&queue]).await?.map(|row| (row.get(0), row.get(1))))
}

/// Each consumer with the number of events that wait for it, in a tick or behind the last one, and with the age of the
/// last tick that it has finished. What is not known is NULL.
fn consumers() -> String {
    format!(
        "with {QUEUE} \
         select c.co_name, q.last_event - t.tick_event_seq as waiting, clock_timestamp() - t.tick_time as age \
           from queue q join pgq.subscription s on s.sub_queue = q.queue_id \
           join pgq.consumer c on c.co_id = s.sub_consumer \
           left join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = s.sub_last_tick"
    )
}

/// How many seconds each consumer is behind: none where no event waits for it, whenever the last tick was.
pub async fn consumer_lags<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<(String, Option<f64>)>> {
    let sql = format!(
        "select co_name, case when waiting <= 0 then 0 else extract(epoch from age) end::float8 \
           from ({}) c order by 1",
        consumers()
    );
    Ok(client.query(&sql, &[&queue]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Whether no event waits for a consumer. The number of an event that was rolled back counts as one until the next
/// tick.
pub async fn nothing_waits<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<bool> {
    let sql = format!("select coalesce(waiting <= 0, false) from ({}) c where co_name = $2", consumers());
    Ok(client.query_opt(&sql, &[&queue, &consumer]).await?.is_some_and(|row| row.get(0)))
}

/// Consumers whose names begin with `prefix`.
pub async fn consumers_of<C: GenericClient>(client: &C, queue: &str, prefix: &str) -> Answer<Vec<String>> {
    let sql = "select c.co_name from pgq.subscription s join pgq.queue q on q.queue_id = s.sub_queue \
                 join pgq.consumer c on c.co_id = s.sub_consumer \
                where q.queue_name = $1 and left(c.co_name, length($2)) = $2";
    Ok(client.query(sql, &[&queue, &prefix]).await?.iter().map(|row| row.get(0)).collect())
}

/// Seconds since the oldest tick that consumer `$2` of queue `$1` has still to take. No row where it is not subscribed.
/// To be prepared, since it is asked every second: nothing is written, and one row of each of four small tables is
/// read.
pub const CONSUMER_LAG: &str = "\
select coalesce(extract(epoch from pg_catalog.clock_timestamp() -
                        (select t.tick_time from pgq.tick t
                          where t.tick_queue = s.sub_queue and t.tick_id > s.sub_last_tick
                          order by t.tick_id limit 1)), 0)::float8
  from pgq.queue q join pgq.subscription s on s.sub_queue = q.queue_id
  join pgq.consumer c on c.co_id = s.sub_consumer
 where q.queue_name = $1 and c.co_name = $2";

/// Events of all tables since a tick, up to the newest one.
pub async fn events_since<C: GenericClient>(client: &C, queue: &str, tick: i64) -> Answer<i64> {
    let sql = "select max(t.tick_event_seq) - min(t.tick_event_seq) \
                 from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue \
                where q.queue_name = $1 and t.tick_id >= $2";
    Ok(client.query_one(sql, &[&queue, &tick]).await?.get::<_, Option<i64>>(0).unwrap_or_default())
}

/// The statement that takes an event out of the queue, for people to give: it names the parent of the queue's event
/// tables.
pub async fn removal_of_event<C: GenericClient>(client: &C, queue: &str, event: i64) -> Answer<String> {
    let sql = "select format('delete from %s where ev_id = %s', queue_data_pfx, $2::int8) \
                 from pgq.queue where queue_name = $1";
    Ok(client.query_one(sql, &[&queue, &event]).await?.get(0))
}
