//! Events that steer replication.

use pgq::Event;
use serde::Deserialize;

use super::urlencoded;

/// An event that concerns the node, not a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// `londiste.add-table`: a table was added on the root.
    AddTable {
        /// `schema.table`
        table: String,
    },
    /// `londiste.remove-table`: a table left replication on the root.
    RemoveTable {
        /// `schema.table`
        table: String,
    },
    /// `londiste.update-seq`: the root published a sequence's value.
    UpdateSeq {
        /// `schema.sequence`
        seq: String,
        /// Value with its safety margin.
        value: i64,
    },
    /// `londiste.remove-seq`: a sequence left replication on the root.
    RemoveSeq {
        /// `schema.sequence`
        seq: String,
    },
    /// `EXECUTE`: a script to run on every node.
    Execute {
        /// The script's id, its file name.
        script: String,
        /// Its text.
        sql: String,
        /// Its attributes.
        attributes: Vec<(String, Option<String>)>,
    },
    /// `pgq.location-info`: where a member of the set is.
    LocationInfo {
        /// Node name.
        node: String,
        /// Queue.
        queue: String,
        /// Public connect string.
        connect: String,
        /// The node is marked dead.
        dead: bool,
    },
    /// `pgq.unregister-location`: a member left the set.
    UnregisterLocation {
        /// Node name.
        node: String,
        /// Queue.
        queue: String,
    },
    /// `pgq.global-watermark`: the lowest tick that any node needs.
    GlobalWatermark {
        /// Tick.
        tick: i64,
        /// Queue.
        queue: String,
    },
    /// `londiste_rs.partition`: a partition came with rows in it, or went, without events for its rows.
    Partition {
        /// `schema.table` of the partitioned table.
        table: String,
        /// `schema.table` of the partition.
        partition: String,
        /// What happened to it.
        notice: String,
        /// The transaction that told of it.
        txid: i64,
        /// Which rows it had, where it has gone.
        bounds: Option<String>,
    },
    /// `pgq.tick-id`: a tick of a source queue, in merge setups.
    TickId {
        /// Tick.
        tick: i64,
        /// The source queue.
        queue: String,
    },
}

const KINDS: [&str; 10] = [
    "londiste.add-table",
    "londiste.remove-table",
    "londiste.update-seq",
    "londiste.remove-seq",
    "EXECUTE",
    "pgq.location-info",
    "pgq.unregister-location",
    "pgq.global-watermark",
    "londiste_rs.partition",
    "pgq.tick-id",
];

#[derive(Deserialize)]
struct Partition {
    table: String,
    partition: String,
    notice: String,
    /// Version 0.2.0 and older ones do not tell them.
    bounds: Option<String>,
}

pub(super) fn is_control(event: &Event) -> bool {
    KINDS.contains(&event.kind.as_str())
}

/// Reads a control event; `None` when the event's type is none of them.
pub(super) fn parse(event: &Event) -> Option<Result<Control, String>> {
    is_control(event).then(|| fields(event))
}

fn fields(event: &Event) -> Result<Control, String> {
    let data = || text(&event.data, "ev_data");
    let extra1 = || text(&event.extra1, "ev_extra1");
    Ok(match event.kind.as_str() {
        "londiste.add-table" => Control::AddTable { table: data()? },
        "londiste.remove-table" => Control::RemoveTable { table: data()? },
        "londiste.update-seq" => Control::UpdateSeq { seq: extra1()?, value: number(&data()?)? },
        "londiste.remove-seq" => Control::RemoveSeq { seq: data()? },
        "EXECUTE" => Control::Execute {
            script: extra1()?,
            sql: data()?,
            attributes: urlencoded::parse(event.extra2.as_deref().unwrap_or_default())?
                .into_iter()
                .map(|(name, value)| (name.into_owned(), value.map(|v| v.into_owned())))
                .collect(),
        },
        "pgq.location-info" => Control::LocationInfo {
            node: data()?,
            queue: extra1()?,
            connect: text(&event.extra2, "ev_extra2")?,
            dead: matches!(event.extra3.as_deref(), Some("t" | "true")),
        },
        "pgq.unregister-location" => Control::UnregisterLocation { node: data()?, queue: extra1()? },
        "pgq.global-watermark" => Control::GlobalWatermark { tick: number(&data()?)?, queue: extra1()? },
        "londiste_rs.partition" => {
            let told: Partition = serde_json::from_str(&data()?).map_err(|e| e.to_string())?;
            Control::Partition {
                table: told.table,
                partition: told.partition,
                notice: told.notice,
                txid: event.txid,
                bounds: told.bounds,
            }
        }
        _ => Control::TickId { tick: number(&data()?)?, queue: extra1()? },
    })
}

fn text(field: &Option<String>, name: &str) -> Result<String, String> {
    field.clone().ok_or_else(|| format!("{name} is missing"))
}

fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| "ev_data is not a whole number".to_owned())
}
