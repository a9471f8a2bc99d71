//! Queue: its newest tick, its consumers and their lags.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// Makes a tick by the stock functions, which any version has.
pub async fn force_tick<C: GenericClient>(client: &C, queue: &str) -> Answer<()> {
    client.query_one("select pgq.force_tick($1)", &[&queue]).await?;
    client.query_one("select pgq.ticker($1)", &[&queue]).await?;
    Ok(())
}

/// The newest tick and its age in seconds.
pub async fn newest_tick<C: GenericClient>(client: &C, queue: &str) -> Answer<Option<(i64, Option<f64>)>> {
    let sql = "select t.tick_id, extract(epoch from clock_timestamp() - t.tick_time)::float8 \
                 from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue \
                where q.queue_name = $1 order by t.tick_id desc limit 1";
    Ok(client.query_opt(sql, &[&queue]).await?.map(|row| (row.get(0), row.get(1))))
}

/// How many seconds each consumer is behind.
pub async fn consumer_lags<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<(String, Option<f64>)>> {
    let sql = "select consumer_name, extract(epoch from lag)::float8 from pgq.get_consumer_info($1)";
    Ok(client.query(sql, &[&queue]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
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
