//! Table of a node's queue, as `londiste.table_info` has it.

use pg::Ask;
use tokio_postgres::{GenericClient, Row};

use super::merge_state::MergeState;
use crate::Result;
use crate::call::{asked, rows};

/// A table of a node's queue.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// `schema.table`, unquoted, as events name it.
    pub name: String,
    /// It is replicated on this node.
    pub local: bool,
    /// How far it has come.
    pub state: MergeState,
    /// Snapshot of its copy (`txid_snapshot` text): events that it contains are in the table already.
    pub snapshot: Option<String>,
    /// Attributes, urlencoded.
    pub attrs: Option<String>,
    /// The table on this node, where it has another name.
    pub dest_table: Option<String>,
    /// What a copy of the stock worker has dropped and not made again: statements that bring it back.
    pub dropped_ddl: Option<String>,
}

impl TableInfo {
    /// The table on this node.
    pub fn dest(&self) -> &str {
        self.dest_table.as_deref().unwrap_or(&self.name)
    }

    /// Whether an attribute is set to a true value.
    pub fn has_attr(&self, name: &str) -> bool {
        self.attrs
            .as_deref()
            .is_some_and(|attrs| attrs.split('&').any(|pair| pair.split_once('=') == Some((name, "1"))))
    }

    fn from_row(row: &Row) -> Option<TableInfo> {
        Some(TableInfo {
            name: row.get("table_name"),
            local: row.get("local"),
            state: MergeState::parse(row.get("merge_state"))?,
            snapshot: row.get("custom_snapshot"),
            attrs: row.get("table_attrs"),
            dest_table: row.get("dest_table"),
            dropped_ddl: row.get("dropped_ddl"),
        })
    }
}

/// Tables known on the connected node. One whose state this version cannot read is left out with a warning.
pub async fn list<C: Ask>(client: &C, queue: &str) -> Result<Vec<TableInfo>> {
    // londiste.get_table_list looks for copies of the same table from other queues besides, table by table
    let sql = "select table_name, local, merge_state, custom_snapshot, table_attrs, dest_table, dropped_ddl \
                 from londiste.table_info where queue_name = $1 order by nr";
    let rows = asked(client, "londiste.table_info", sql, &[&queue]).await?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            let info = TableInfo::from_row(row);
            if info.is_none() {
                let (table, state) =
                    (row.get::<_, String>("table_name"), row.get::<_, Option<String>>("merge_state"));
                tracing::warn!(queue, table, ?state, "unknown merge_state: the table is left alone");
            }
            info
        })
        .collect())
}

/// One table; `None` when the queue does not know it here.
pub async fn get<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<Option<TableInfo>> {
    Ok(several(client, queue, &[name]).await?.pop())
}

/// Those of the tables that the queue knows here.
pub async fn several<C: GenericClient>(client: &C, queue: &str, names: &[&str]) -> Result<Vec<TableInfo>> {
    let sql = "select table_name, local, merge_state, custom_snapshot, table_attrs, dest_table, dropped_ddl \
                 from londiste.table_info where queue_name = $1 and table_name = any ($2) order by nr";
    let rows = rows(client, "londiste.table_info", sql, &[&queue, &names]).await?;
    Ok(rows.iter().filter_map(TableInfo::from_row).collect())
}
