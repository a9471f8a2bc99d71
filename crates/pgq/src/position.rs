//! Positions: which tick a consumer has applied on its target.
//!
//! A number alone does not tell a tick: a provider that failed over to a copy without its last seconds, or was
//! restored, gives the same numbers again. So the target also keeps when the tick was made and what it sees, in the
//! transaction that applies it (`londiste_rs.position`).

use std::time::SystemTime;

use pg::Ask;
use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{all_coded_asked, rows};

/// What tells a tick from another one of the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it was made, on the queue's root.
    pub time: SystemTime,
    /// What it sees, in the text form of `txid_snapshot`: of the node that it was read from.
    pub snapshot: String,
}

/// A position as the target keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Number of the tick.
    pub tick: i64,
    /// Which tick of that number.
    pub mark: Mark,
    /// The node that it was read from.
    pub provider: String,
}

impl Kept {
    /// Whether tick `tick` of node `provider`, with `mark`, may be the one of this position. Yes where this position is
    /// of another number: a worker of another make has gone on since, and keeps none. Nodes of one queue share a tick's
    /// number and time.
    pub fn may_be(&self, tick: i64, mark: &Mark, provider: &str) -> bool {
        self.tick != tick
            || (self.mark.time == mark.time
                && (self.provider != provider || self.mark.snapshot == mark.snapshot))
    }
}

/// Where a consumer stands at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Last tick that it has finished.
    pub finished: i64,
    /// Tick at the end of the batch that it has taken and not finished.
    pub in_hand: Option<i64>,
}

/// Where a consumer stands, `None` when it is not subscribed.
pub async fn subscription<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
) -> Result<Option<Subscription>> {
    let sql = "select s.sub_last_tick, case when s.sub_batch is not null then s.sub_next_tick end \
                 from pgq.subscription s join pgq.queue q on q.queue_id = s.sub_queue \
                 join pgq.consumer c on c.co_id = s.sub_consumer \
                where q.queue_name = $1 and c.co_name = $2";
    let rows = rows(client, "the consumer's position", sql, &[&queue, &consumer]).await?;
    Ok(rows.first().map(|row| Subscription { finished: row.get(0), in_hand: row.get(1) }))
}

/// A tick's time and snapshot; `None` when it is gone, or not there yet.
pub async fn mark<C: GenericClient>(client: &C, queue: &str, tick: i64) -> Result<Option<Mark>> {
    let sql = "select t.tick_time, t.tick_snapshot::text from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue \
                where q.queue_name = $1 and t.tick_id = $2";
    let rows = rows(client, "a tick's time and snapshot", sql, &[&queue, &tick]).await?;
    Ok(rows.first().map(|row| Mark { time: row.get(0), snapshot: row.get(1) }))
}

/// What is kept of a consumer's position on its target; `None` where nothing is, or the position is another by now.
pub async fn kept<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Result<Option<Kept>> {
    let sql = "select p.tick_id, p.tick_time, p.tick_snapshot, p.provider_node \
                 from londiste_rs.position p join pgq_node.local_state s using (queue_name, consumer_name) \
                where p.queue_name = $1 and p.consumer_name = $2 and s.last_tick_id = p.tick_id";
    let rows = rows(client, "what is kept of the position", sql, &[&queue, &consumer]).await?;
    Ok(rows.first().map(|row| Kept {
        tick: row.get(0),
        mark: Mark { time: row.get(1), snapshot: row.get(2) },
        provider: row.get(3),
    }))
}

/// Stores the position of a consumer: in the transaction that holds the batch's changes.
pub async fn complete<C: Ask>(client: &C, queue: &str, consumer: &str, tick: i64, mark: &Mark) -> Result<()> {
    complete_all(client, queue, &[consumer], tick, mark).await
}

/// The same for several consumers that are at the same place.
pub async fn complete_all<C: Ask>(
    client: &C,
    queue: &str,
    consumers: &[&str],
    tick: i64,
    mark: &Mark,
) -> Result<()> {
    let sql = "with keeping as ( \
                    insert into londiste_rs.position as p (queue_name, consumer_name, tick_id, tick_time, \
                                                           tick_snapshot, provider_node) \
                    select s.queue_name, s.consumer_name, $3, $4, $5, s.provider_node \
                      from pgq_node.local_state s where s.queue_name = $1 and s.consumer_name = any ($2) \
                        on conflict (queue_name, consumer_name) do update \
                       set tick_id = excluded.tick_id, tick_time = excluded.tick_time, \
                           tick_snapshot = excluded.tick_snapshot, \
                           provider_node = excluded.provider_node) \
               select r.* from unnest($2) c cross join lateral pgq_node.set_consumer_completed($1, c, $3) r";
    let parameters: crate::call::Parameters<'_> = &[&queue, &consumers, &tick, &mark.time, &mark.snapshot];
    all_coded_asked(client, "pgq_node.set_consumer_completed", sql, parameters).await
}

/// Keeps a consumer from completing a batch until the transaction in hand ends; its position.
pub async fn hold<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Result<Option<i64>> {
    let sql = "select last_tick_id from pgq_node.local_state where queue_name = $1 and consumer_name = $2 for update";
    Ok(rows(client, "holding the worker's position", sql, &[&queue, &consumer])
        .await?
        .first()
        .map(|row| row.get(0)))
}

/// Forgets what is kept of consumers' positions: they are registered anew, at a tick that is not known here but by its
/// number.
pub async fn forget<C: GenericClient>(client: &C, queue: &str, consumers: &[&str]) -> Result<()> {
    let sql = "delete from londiste_rs.position where queue_name = $1 and consumer_name = any ($2)";
    rows(client, "forgetting positions", sql, &[&queue, &consumers]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_tick_is_its_number_time_and_snapshot() {
        let mark = |seconds, snapshot: &str| Mark {
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            snapshot: snapshot.to_owned(),
        };
        let kept = Kept { tick: 7, mark: mark(1, "5:5:"), provider: "root".to_owned() };
        assert!(kept.may_be(7, &mark(1, "5:5:"), "root"));
        assert!(!kept.may_be(7, &mark(2, "5:5:"), "root"));
        assert!(!kept.may_be(7, &mark(1, "6:6:"), "root"));
        assert!(kept.may_be(7, &mark(1, "6:6:"), "branch"), "a branch sees other transactions");
        assert!(!kept.may_be(7, &mark(2, "5:5:"), "branch"));
        assert!(kept.may_be(8, &mark(2, "6:6:"), "root"), "nothing is known of another number");
    }
}
