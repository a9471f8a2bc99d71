//! Side of a migration that is being ended: what was done there, and what is left.

use std::time::Instant;

use migration::complete::NotBack;
use pgq::node::NodeType;
use pgq::remains::Remain;
use pgq::uninstall::Schema;
use serde_json::{Value, json};

use super::ends::End;

/// What became of one side.
pub(super) struct Side {
    pub(super) node: String,
    pub(super) place: String,
    pub(super) began: Instant,
    pub(super) had_node: bool,
    /// Its node was no root, and refused changes.
    pub(super) refused: bool,
    /// Tables that were freed.
    pub(super) tables: usize,
    pub(super) not_back: Vec<NotBack>,
    pub(super) schemas: Vec<Schema>,
    pub(super) remains: Vec<Remain>,
    /// Tickers that are still connected.
    pub(super) tickers: Vec<String>,
}

impl Side {
    pub(super) fn new(end: &End) -> Side {
        Side {
            node: end.name().to_owned(),
            place: end.place(),
            began: Instant::now(),
            had_node: end.node.is_some(),
            refused: end.node.as_ref().is_some_and(|node| node.node_type != NodeType::Root),
            tables: 0,
            not_back: Vec::new(),
            schemas: Vec::new(),
            remains: Vec::new(),
            tickers: Vec::new(),
        }
    }

    /// Schemas that go.
    pub(super) fn removable(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().filter(|schema| schema.stays.is_none()).map(|schema| schema.name.as_str())
    }

    /// Schemas that stay, and why.
    pub(super) fn staying(&self) -> impl Iterator<Item = (&str, &str)> {
        self.schemas.iter().filter_map(|schema| Some((schema.name.as_str(), schema.stays.as_deref()?)))
    }

    /// For `--json`.
    pub(super) fn json(&self) -> Value {
        let stay: Vec<Value> =
            self.staying().map(|(schema, why)| json!({ "schema": schema, "why": why })).collect();
        let not_back: Vec<Value> = self
            .not_back
            .iter()
            .map(|it| json!({ "object": it.object, "statement": it.statement }))
            .collect();
        let remains: Vec<Value> = self
            .remains
            .iter()
            .map(|it| json!({ "kind": it.kind, "object": it.object, "remedy": it.remedy }))
            .collect();
        let gone: Vec<&str> = self.removable().collect();
        json!({ "node": self.node, "database": self.place, "tables": self.tables, "schemas": gone,
                "schemas_staying": stay, "not_back": not_back, "left": remains, "tickers": self.tickers })
    }
}
