//! Relations of a database that its root can replicate, and what a node does not replicate.

use tokio_postgres::{GenericClient, Row};

use crate::Result;
use crate::call::rows;
use crate::table::Capture;

/// A relation of the database.
#[derive(Clone, Debug)]
pub struct Object {
    /// `r` a table, `f` a foreign table, `S` a sequence.
    pub kind: String,
    /// `schema.name`, unquoted.
    pub name: String,
}

impl Object {
    fn from_row(row: &Row) -> Object {
        Object { kind: row.get("obj_kind"), name: row.get("obj_name") }
    }

    /// It is a sequence.
    pub fn is_sequence(&self) -> bool {
        self.kind == "S"
    }
}

/// What a root can replicate, replicated or not. A foreign table is among it, to be refused with the reason.
pub async fn replicable<C: GenericClient>(client: &C, queue: &str, capture: Capture) -> Result<Vec<Object>> {
    let sql = "select obj_kind, obj_name from londiste_rs.replicable($1, $2)";
    let found = rows(client, "londiste_rs.replicable", sql, &[&queue, &capture.as_str()]).await?;
    Ok(found.iter().map(Object::from_row).collect())
}

/// What this node does not replicate: on the root, of what its database has; elsewhere, of what the queue brings.
pub async fn missing<C: GenericClient>(client: &C, queue: &str, capture: Capture) -> Result<Vec<Object>> {
    let sql = "select obj_kind, obj_name from londiste_rs.missing($1, $2)";
    let found = rows(client, "londiste_rs.missing", sql, &[&queue, &capture.as_str()]).await?;
    Ok(found.iter().map(Object::from_row).collect())
}
