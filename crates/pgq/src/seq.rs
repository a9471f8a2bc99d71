//! Replicated sequences: `londiste.seq_info`.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{coded, rows};

/// A sequence of a node's queue.
#[derive(Clone, Debug)]
pub struct SeqInfo {
    /// `schema.sequence`, unquoted.
    pub name: String,
    /// It is replicated on this node.
    pub local: bool,
    /// Last published value, with its safety margin.
    pub last_value: i64,
}

/// Sequences known on the connected node.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<SeqInfo>> {
    let sql = "select * from londiste.get_seq_list($1)";
    let rows = rows(client, "londiste.get_seq_list", sql, &[&queue]).await?;
    Ok(rows
        .iter()
        .map(|row| SeqInfo {
            name: row.get("seq_name"),
            local: row.get("local"),
            last_value: row.get::<_, Option<i64>>("last_value").unwrap_or_default(),
        })
        .collect())
}

/// Whether the queue knows a sequence here.
pub async fn is_known<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<bool> {
    Ok(list(client, queue).await?.iter().any(|known| known.name == name))
}

/// Takes a sequence into replication on this node; answers the note.
pub async fn add<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<String> {
    let sql = "select * from londiste.local_add_seq($1, $2)";
    Ok(coded(client, "londiste.local_add_seq", sql, &[&queue, &name]).await?.get("ret_note"))
}

/// Takes a sequence out of replication on this node; answers the note.
pub async fn remove<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<String> {
    let sql = "select * from londiste.local_remove_seq($1, $2)";
    Ok(coded(client, "londiste.local_remove_seq", sql, &[&queue, &name]).await?.get("ret_note"))
}

/// Root: publishes sequences that come near their published values.
pub async fn publish<C: GenericClient>(client: &C, queue: &str) -> Result<()> {
    coded(client, "londiste.root_check_seqs", "select * from londiste.root_check_seqs($1)", &[&queue])
        .await?;
    Ok(())
}

/// Subscriber: stores a published value and sets the local sequence.
pub async fn update<C: GenericClient>(client: &C, queue: &str, name: &str, value: i64) -> Result<()> {
    let sql = "select * from londiste.global_update_seq($1, $2, $3)";
    coded(client, "londiste.global_update_seq", sql, &[&queue, &name, &value]).await?;
    Ok(())
}

/// Subscriber: forgets a sequence that the root has removed.
pub async fn forget<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "select * from londiste.global_remove_seq($1, $2)";
    coded(client, "londiste.global_remove_seq", sql, &[&queue, &name]).await?;
    Ok(())
}
