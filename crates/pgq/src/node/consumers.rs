//! Consumers of a node, its worker and its copies: how far each has come on its target (`pgq_node.local_state`).

use pg::Ask;
use tokio_postgres::GenericClient;

use super::kind::NodeType;
use crate::call::{all_coded, asked_one, coded, message, row, rows};
use crate::{Result, position, switch};

/// State of one consumer on its target: `pgq_node.local_state`.
#[derive(Clone, Debug)]
pub struct ConsumerState {
    /// Name of the consumer.
    pub consumer: String,
    /// What the node is now; not told in lists.
    pub node_type: Option<NodeType>,
    /// Last tick applied.
    pub completed_tick: i64,
    /// Where it reads.
    pub provider: String,
    /// Connect string of that node.
    pub provider_location: Option<String>,
    /// It shall wait.
    pub paused: bool,
    /// It has seen the newest state.
    pub uptodate: bool,
    /// Why its current batch fails.
    pub error: Option<String>,
    /// The node gives the queue's root away, or has: how far that is.
    pub gives: Option<switch::State>,
    /// It is taking too long: the root is to be opened again.
    pub overdue: bool,
}

/// State of a consumer; `None` when it is not registered here.
pub async fn consumer_state<C: Ask>(
    client: &C,
    queue: &str,
    consumer: &str,
) -> Result<Option<ConsumerState>> {
    let sql = "select c.ret_code, c.node_type, c.completed_tick, c.provider_node, c.provider_location, \
                      c.paused, c.uptodate, c.cur_error, \
                      s.state as gives, coalesce(s.deadline <= clock_timestamp(), false) as overdue \
                 from pgq_node.get_consumer_state($1, $2) c \
                 left join londiste_rs.switch s on s.queue_name = $1 and s.side = 'from'";
    let row = asked_one(client, "pgq_node.get_consumer_state", sql, &[&queue, &consumer]).await?;
    if row.get::<_, i32>("ret_code") >= 300 {
        return Ok(None);
    }
    Ok(Some(ConsumerState {
        consumer: consumer.to_owned(),
        node_type: row.get::<_, Option<&str>>("node_type").map(NodeType::parse),
        completed_tick: row.get("completed_tick"),
        provider: row.get("provider_node"),
        provider_location: row.get("provider_location"),
        paused: row.get("paused"),
        uptodate: row.get("uptodate"),
        error: row.get("cur_error"),
        gives: row.get::<_, Option<&str>>("gives").map(switch::State::named),
        overdue: row.get("overdue"),
    }))
}

/// The last tick that the worker of the connected node has applied.
pub async fn worker_position<C: GenericClient>(client: &C, queue: &str) -> Result<Option<i64>> {
    let sql = "select completed_tick from pgq_node.get_worker_state($1)";
    Ok(row(client, "pgq_node.get_worker_state", sql, &[&queue]).await?.get(0))
}

/// All consumers of a node with their errors.
pub async fn consumers<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<ConsumerState>> {
    let sql = "select * from pgq_node.get_consumer_info($1)";
    let rows = rows(client, "pgq_node.get_consumer_info", sql, &[&queue]).await?;
    Ok(rows
        .iter()
        .map(|row| ConsumerState {
            consumer: row.get("consumer_name"),
            node_type: None,
            completed_tick: row.get("last_tick_id"),
            provider: row.get("provider_node"),
            provider_location: None,
            paused: row.get("paused"),
            uptodate: row.get("uptodate"),
            error: row.get("cur_error"),
            gives: None,
            overdue: false,
        })
        .collect())
}

/// Registers a further consumer (a copy) of a node on its target, at a tick.
pub async fn register_consumer<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    provider: &str,
    tick: i64,
) -> Result<()> {
    register_consumers(client, queue, &[consumer], provider, tick).await
}

/// The same for several consumers.
pub async fn register_consumers<C: GenericClient>(
    client: &C,
    queue: &str,
    consumers: &[&str],
    provider: &str,
    tick: i64,
) -> Result<()> {
    position::forget(client, queue, consumers).await?;
    let sql = "select r.* from unnest($2) c cross join lateral pgq_node.register_consumer($1, c, $3, $4) r";
    all_coded(client, "pgq_node.register_consumer", sql, &[&queue, &consumers, &provider, &tick]).await
}

/// Takes a consumer off its target; it is no error where there is none.
pub async fn unregister_consumer<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Result<()> {
    unregister_consumers(client, queue, &[consumer]).await
}

/// The same for several consumers.
pub async fn unregister_consumers<C: GenericClient>(
    client: &C,
    queue: &str,
    consumers: &[&str],
) -> Result<()> {
    let sql = "with here as materialized (select consumer_name from pgq_node.local_state \
                                           where queue_name = $1 and consumer_name = any ($2)) \
               select r.* from here cross join lateral pgq_node.unregister_consumer($1, here.consumer_name) r";
    all_coded(client, "pgq_node.unregister_consumer", sql, &[&queue, &consumers]).await
}

/// How many of the consumers have applied this tick last, on their target.
pub async fn count_at<C: GenericClient>(
    client: &C,
    queue: &str,
    consumers: &[&str],
    tick: i64,
) -> Result<usize> {
    let sql = "select from pgq_node.local_state \
                where queue_name = $1 and consumer_name = any ($2) and last_tick_id = $3";
    let there = rows(client, "positions of consumers", sql, &[&queue, &consumers, &tick]).await?;
    Ok(there.len())
}

/// Stores why a consumer's current batch fails; `None` when it does not any more.
pub async fn set_error<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    error: Option<&str>,
) -> Result<()> {
    let sql = "select * from pgq_node.set_consumer_error($1, $2, londiste_rs.storable($3))";
    coded(client, "pgq_node.set_consumer_error", sql, &[&queue, &consumer, &error.map(message)]).await?;
    Ok(())
}

/// Tells a consumer to wait, or to go on. It answers with [`set_uptodate`].
pub async fn set_paused<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    paused: bool,
) -> Result<()> {
    let sql = "select * from pgq_node.set_consumer_paused($1, $2, $3)";
    coded(client, "pgq_node.set_consumer_paused", sql, &[&queue, &consumer, &paused]).await?;
    Ok(())
}

/// Says that a consumer has seen the newest state.
pub async fn set_uptodate<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    uptodate: bool,
) -> Result<()> {
    let sql = "select * from pgq_node.set_consumer_uptodate($1, $2, $3)";
    coded(client, "pgq_node.set_consumer_uptodate", sql, &[&queue, &consumer, &uptodate]).await?;
    Ok(())
}
