//! Observation of a database's queues, for people and alerts. Reads catalogs and PgQ's own reports only.

use std::collections::BTreeMap;

use pg::{Client, Result};

/// The queues of a database at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// By name.
    pub queues: BTreeMap<String, QueueFacts>,
    /// Age in seconds of the oldest transaction in the database that this role may see, and so the least that VACUUM
    /// has to keep.
    pub oldest_transaction: Option<f64>,
}

/// One queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFacts {
    /// Seconds since its last tick.
    pub tick_age: f64,
    /// Events since that tick.
    pub new_events: i64,
    /// Events that came a second of late.
    pub events_per_second: f64,
    /// Size of its event tables with their indexes.
    pub bytes: i64,
    /// Its consumers by name: seconds behind, and events that wait.
    pub consumers: BTreeMap<String, (f64, i64)>,
}

const QUEUES: &str = "select i.queue_name, coalesce(extract(epoch from i.ticker_lag), 0)::float8, \
            coalesce(i.ev_new, 0)::int8, \
            coalesce(i.ev_per_sec, 0)::float8, \
            (select coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 from pg_class c \
              where c.relnamespace = 'pgq'::regnamespace and c.relkind = 'r' \
                and c.relname ~ ('^event_' || q.queue_id || '_[0-9]+$')) \
       from pgq.get_queue_info() i join pgq.queue q using (queue_name)";

/// A consumer for which no event waits is not behind, whenever the last tick was.
const CONSUMERS: &str = "select c.queue_name, c.consumer_name, \
            case when c.pending_events = 0 and i.ev_new = 0 then 0 \
                 else coalesce(extract(epoch from c.lag), 0) end::float8, \
            coalesce(c.pending_events, 0)::int8 \
       from pgq.get_consumer_info() c left join pgq.get_queue_info() i using (queue_name)";

const OLDEST: &str = "select extract(epoch from max(clock_timestamp() - xact_start))::float8 from pg_stat_activity \
      where datname = current_database() and pid <> pg_backend_pid()";

/// Looks at the connected database.
///
/// # Errors
/// What the server says, such as a missing right.
pub async fn look(client: &Client) -> Result<Observed> {
    let mut observed = Observed::default();
    for row in client.query(QUEUES, &[]).await? {
        let facts = QueueFacts {
            tick_age: row.try_get(1)?,
            new_events: row.try_get(2)?,
            events_per_second: row.try_get(3)?,
            bytes: row.try_get(4)?,
            consumers: BTreeMap::new(),
        };
        observed.queues.insert(row.try_get(0)?, facts);
    }
    for row in client.query(CONSUMERS, &[]).await? {
        let (queue, consumer): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let queue = observed.queues.entry(queue).or_default();
        queue.consumers.insert(consumer, (row.try_get(2)?, row.try_get(3)?));
    }
    observed.oldest_transaction = client.query_one(OLDEST, &[]).await?.try_get(0)?;
    Ok(observed)
}
