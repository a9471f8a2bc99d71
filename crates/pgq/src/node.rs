//! Nodes of a cascade: `pgq_node`.

use tokio_postgres::{GenericClient, Row};

use crate::call::{all_coded, coded, row, rows};
use crate::{Error, Result};

/// What a node is in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeType {
    /// Events are born here.
    Root,
    /// Keeps a full copy of the queue and serves others.
    Branch,
    /// Takes events and serves nobody.
    Leaf,
}

impl NodeType {
    /// The name in `node_info`.
    pub fn as_str(self) -> &'static str {
        match self {
            NodeType::Root => "root",
            NodeType::Branch => "branch",
            NodeType::Leaf => "leaf",
        }
    }

    fn parse(name: &str) -> NodeType {
        match name {
            "root" => NodeType::Root,
            "branch" => NodeType::Branch,
            _ => NodeType::Leaf,
        }
    }
}

/// `pgq_node.get_node_info` of the node in the connected database.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Root, branch or leaf.
    pub node_type: NodeType,
    /// Its name.
    pub name: String,
    /// Name of its worker, which is its consumer name at the provider.
    pub worker: Option<String>,
    /// Its provider; a root is its own.
    pub provider: Option<String>,
    /// Connect string of the provider.
    pub provider_location: Option<String>,
    /// The worker shall wait.
    pub paused: bool,
    /// The worker has seen the newest state.
    pub uptodate: bool,
    /// Last tick that the worker has applied.
    pub last_tick: Option<i64>,
    /// Lowest tick needed anywhere below the root.
    pub global_watermark: Option<i64>,
    /// Lowest tick needed by this node and those below it.
    pub local_watermark: Option<i64>,
}

/// The connected database's node of a queue, `None` where there is none.
pub async fn info<C: GenericClient>(client: &C, queue: &str) -> Result<Option<NodeInfo>> {
    let row =
        row(client, "pgq_node.get_node_info", "select * from pgq_node.get_node_info($1)", &[&queue]).await?;
    if row.get::<_, i32>("ret_code") >= 300 {
        return Ok(None);
    }
    Ok(Some(NodeInfo {
        node_type: NodeType::parse(row.get("node_type")),
        name: row.get("node_name"),
        worker: row.get("worker_name"),
        provider: row.get("provider_node"),
        provider_location: row.get("provider_location"),
        paused: row.get::<_, Option<bool>>("worker_paused").unwrap_or_default(),
        uptodate: row.get::<_, Option<bool>>("worker_uptodate").unwrap_or_default(),
        last_tick: row.get("worker_last_tick"),
        global_watermark: row.get("global_watermark"),
        local_watermark: row.get("local_watermark"),
    }))
}

/// As [`info`], where a node is a must.
pub async fn require<C: GenericClient>(client: &C, queue: &str) -> Result<NodeInfo> {
    info(client, queue).await?.ok_or_else(|| Error::NoNode { queue: queue.to_owned() })
}

/// State of one consumer on its target: `pgq_node.local_state`.
#[derive(Clone, Debug)]
pub struct ConsumerState {
    /// Name of the consumer.
    pub consumer: String,
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
}

/// State of a consumer; `None` when it is not registered here.
pub async fn consumer_state<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
) -> Result<Option<ConsumerState>> {
    let sql = "select * from pgq_node.get_consumer_state($1, $2)";
    let row = row(client, "pgq_node.get_consumer_state", sql, &[&queue, &consumer]).await?;
    if row.get::<_, i32>("ret_code") >= 300 {
        return Ok(None);
    }
    Ok(Some(ConsumerState {
        consumer: consumer.to_owned(),
        completed_tick: row.get("completed_tick"),
        provider: row.get("provider_node"),
        provider_location: row.get("provider_location"),
        paused: row.get("paused"),
        uptodate: row.get("uptodate"),
        error: row.get("cur_error"),
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
            completed_tick: row.get("last_tick_id"),
            provider: row.get("provider_node"),
            provider_location: None,
            paused: row.get("paused"),
            uptodate: row.get("uptodate"),
            error: row.get("cur_error"),
        })
        .collect())
}

/// A member of a queue's cascade.
#[derive(Clone, Debug)]
pub struct Location {
    /// Name of the node.
    pub node: String,
    /// Its public connect string.
    pub connect_string: String,
    /// Declared dead.
    pub dead: bool,
}

/// Members known to the connected node.
pub async fn locations<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Location>> {
    let sql = "select * from pgq_node.get_queue_locations($1) order by node_name";
    let rows = rows(client, "pgq_node.get_queue_locations", sql, &[&queue]).await?;
    let location = |row: &Row| Location {
        node: row.get("node_name"),
        connect_string: row.get("node_location"),
        dead: row.get::<_, Option<bool>>("dead").unwrap_or_default(),
    };
    Ok(rows.iter().map(location).collect())
}

/// A node served by the connected one.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Name of the node.
    pub node: String,
    /// Its worker's consumer name.
    pub worker: String,
    /// Lowest tick that it needs.
    pub watermark: Option<i64>,
}

/// Nodes served by the connected one.
pub async fn subscribers<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Subscriber>> {
    let sql = "select * from pgq_node.get_subscriber_info($1)";
    let rows = rows(client, "pgq_node.get_subscriber_info", sql, &[&queue]).await?;
    let subscriber = |row: &Row| Subscriber {
        node: row.get("node_name"),
        worker: row.get("worker_name"),
        watermark: row.get("node_watermark"),
    };
    Ok(rows.iter().map(subscriber).collect())
}

/// Stores a member's public connect string.
pub async fn register_location<C: GenericClient>(client: &C, queue: &str, location: &Location) -> Result<()> {
    coded(
        client,
        "pgq_node.register_location",
        "select * from pgq_node.register_location($1, $2, $3, $4)",
        &[&queue, &location.node, &location.connect_string, &location.dead],
    )
    .await?;
    Ok(())
}

/// Forgets a member.
pub async fn unregister_location<C: GenericClient>(client: &C, queue: &str, node: &str) -> Result<()> {
    let sql = "select * from pgq_node.unregister_location($1, $2)";
    coded(client, "pgq_node.unregister_location", sql, &[&queue, &node]).await?;
    Ok(())
}

/// A node to be made with [`create`].
#[derive(Clone, Debug)]
pub struct NewNode<'a> {
    /// Root, branch or leaf.
    pub node_type: NodeType,
    /// Its name.
    pub name: &'a str,
    /// Name of its worker.
    pub worker: &'a str,
    /// Its provider, for all but a root.
    pub provider: Option<&'a str>,
    /// The provider's global watermark.
    pub global_watermark: Option<i64>,
}

/// Makes the connected database a node.
pub async fn create<C: GenericClient>(client: &C, queue: &str, node: &NewNode<'_>) -> Result<()> {
    coded(
        client,
        "pgq_node.create_node",
        "select * from pgq_node.create_node($1, $2, $3, $4, $5, $6, null)",
        &[&queue, &node.node_type.as_str(), &node.name, &node.worker, &node.provider, &node.global_watermark],
    )
    .await?;
    Ok(())
}

/// Takes a node out: its subscription when called on its provider, all of it when called on itself.
pub async fn drop<C: GenericClient>(client: &C, queue: &str, node: &str) -> Result<()> {
    coded(client, "pgq_node.drop_node", "select * from pgq_node.drop_node($1, $2)", &[&queue, &node]).await?;
    Ok(())
}

/// Subscribes a node at the connected provider; answers the global watermark.
pub async fn register_subscriber<C: GenericClient>(
    client: &C,
    queue: &str,
    node: &str,
    worker: &str,
    tick: Option<i64>,
) -> Result<Option<i64>> {
    let sql = "select * from pgq_node.register_subscriber($1, $2, $3, $4)";
    let row = coded(client, "pgq_node.register_subscriber", sql, &[&queue, &node, &worker, &tick]).await?;
    Ok(row.get("global_watermark"))
}

/// Ends a node's subscription at the connected provider.
pub async fn unregister_subscriber<C: GenericClient>(client: &C, queue: &str, node: &str) -> Result<()> {
    let sql = "select * from pgq_node.unregister_subscriber($1, $2)";
    coded(client, "pgq_node.unregister_subscriber", sql, &[&queue, &node]).await?;
    Ok(())
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
    let sql = "with here as materialized (select consumer_name from pgq_node.local_state where queue_name = $1 and consumer_name = any ($2)) \
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

/// Stores a consumer's position: in the transaction that holds the batch's changes.
pub async fn set_completed<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    tick: i64,
) -> Result<()> {
    set_all_completed(client, queue, &[consumer], tick).await
}

/// The same for several consumers that are at the same place.
pub async fn set_all_completed<C: GenericClient>(
    client: &C,
    queue: &str,
    consumers: &[&str],
    tick: i64,
) -> Result<()> {
    let sql = "select r.* from unnest($2) c cross join lateral pgq_node.set_consumer_completed($1, c, $3) r";
    all_coded(client, "pgq_node.set_consumer_completed", sql, &[&queue, &consumers, &tick]).await
}

/// Stores why a consumer's current batch fails; `None` when it does not any more.
pub async fn set_error<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    error: Option<&str>,
) -> Result<()> {
    let sql = "select * from pgq_node.set_consumer_error($1, $2, $3)";
    coded(client, "pgq_node.set_consumer_error", sql, &[&queue, &consumer, &error]).await?;
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

/// Tells the connected provider the lowest tick that a subscriber still needs.
pub async fn set_subscriber_watermark<C: GenericClient>(
    client: &C,
    queue: &str,
    node: &str,
    tick: i64,
) -> Result<()> {
    let sql = "select * from pgq_node.set_subscriber_watermark($1, $2, $3)";
    coded(client, "pgq_node.set_subscriber_watermark", sql, &[&queue, &node, &tick]).await?;
    Ok(())
}

/// Stores the lowest tick needed anywhere: computed by a root (`None`), taken from its event elsewhere.
pub async fn set_global_watermark<C: GenericClient>(
    client: &C,
    queue: &str,
    tick: Option<i64>,
) -> Result<()> {
    let sql = "select * from pgq_node.set_global_watermark($1, $2)";
    coded(client, "pgq_node.set_global_watermark", sql, &[&queue, &tick]).await?;
    Ok(())
}
