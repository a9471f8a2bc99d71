//! Nodes of a cascade: `pgq_node`.

mod consumers;
mod kind;

use tokio_postgres::{GenericClient, Row};

use crate::call::{coded, row, rows};
use crate::error::Answer;
use crate::{Error, Result, batch, position};

pub use consumers::*;
pub use kind::NodeType;

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
    /// The queue that a leaf's events are merged into, of a stock setup that merges queues.
    pub combined_queue: Option<String>,
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
        combined_queue: row.get("combined_queue"),
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

/// The name of the queue's node in the connected database.
pub async fn name<C: GenericClient>(client: &C, queue: &str) -> Answer<String> {
    let sql = "select node_name from pgq_node.node_info where queue_name = $1";
    Ok(client.query_one(sql, &[&queue]).await?.get(0))
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
    position::forget(client, queue, &[node.worker]).await?;
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

/// Tells the connected provider the lowest tick that a subscriber still needs. True where the provider had a later one:
/// the subscriber was set back to an earlier tick (`worker --rewind`, `--reset`, a restore), and so is its watermark
/// now. The tick has to be there: the subscription of the subscriber's worker holds it.
pub async fn publish_watermark<C: GenericClient>(
    client: &C,
    queue: &str,
    node: &str,
    tick: i64,
) -> Result<bool> {
    /// "watermark must not be moved backwards".
    const BACKWARDS: i32 = 405;
    let sql = "select * from pgq_node.set_subscriber_watermark($1, $2, $3)";
    match coded(client, "pgq_node.set_subscriber_watermark", sql, &[&queue, &node, &tick]).await {
        Ok(_) => Ok(false),
        Err(Error::Refused { code: BACKWARDS, .. }) => {
            // the name is the API's: pgq_node.register_subscriber gives it
            batch::move_all(client, queue, &[&format!(".{node}.watermark")], tick).await?;
            Ok(true)
        }
        Err(error) => Err(error),
    }
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
